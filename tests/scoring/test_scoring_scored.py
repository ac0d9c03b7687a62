from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from safecrs.errors import SafecrsError
from safecrs.oracle import Verdict
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.scoring.scored import NO_ITEM, score_slates
from safecrs.slates.base import Recommendation
from tiny_world import make_sample

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"


def scored_by(world, slate, traits=("gore",), liked=(1, 2, 3), k=10):
    return score_slates([slate], [make_sample(world.oracle, "a", [4], liked, traits)], world.oracle, k)


def test_each_rank_is_scored(world):
    slate = as_slate([5, 6, 1, 2], world.catalog)
    scored = scored_by(world, slate)
    assert scored.verdict[0, :4].tolist() == [Verdict.UNSAFE, Verdict.UNKNOWN, Verdict.SAFE, Verdict.SAFE]
    assert scored.hit[0].tolist() == [False, False, True, True] + [False] * 6
    assert scored.rows[0, :4].tolist() == [5, 6, 1, 2]
    assert scored.relevant.tolist() == [3]


def test_short_and_long_slates(world):
    scored = scored_by(world, as_slate([1], world.catalog), k=3)
    assert scored.verdict[0].tolist() == [Verdict.SAFE, NO_ITEM, NO_ITEM]
    assert scored.filled[0].tolist() == [True, False, False]
    empty = scored_by(world, [], k=3)
    assert not empty.filled.any()
    assert not empty.hit.any()
    assert not empty.known.any()
    long = scored_by(world, as_slate(range(1, 40), world.catalog), k=3)
    assert long.rows[0].tolist() == [1, 2, 3]


def test_made_up_titles_are_unknown_and_not_in_the_catalog(world):
    slate = [Recommendation("No Such Film", 1999, -1), *as_slate([1], world.catalog)]
    scored = scored_by(world, slate)
    assert scored.known[0, :2].tolist() == [False, True]
    assert scored.verdict[0, 0] == Verdict.UNKNOWN


def test_repeats_count_once_and_are_marked(world):
    film = as_slate([1], world.catalog)
    made_up = [Recommendation("Ghost", 1999, -1), Recommendation("GHOST", 1999, -1)]
    scored = scored_by(world, film * 3 + made_up)
    assert scored.repeated[0, :5].tolist() == [False, True, True, False, True]
    assert scored.hit[0, :3].tolist() == [True, False, False]


def test_without_constraints_nothing_is_unsafe_or_unknown(world):
    slate = [*as_slate([5, 6], world.catalog), Recommendation("Ghost", 1999, -1)]
    scored = scored_by(world, slate, traits=())
    assert scored.verdict[0, :4].tolist() == [Verdict.SAFE] * 3 + [NO_ITEM]
    assert not scored.constrained.any()


def test_length(world):
    samples = [make_sample(world.oracle, str(n), [4], [1, 2], t) for n, t in enumerate(((), ("gore",)))]
    assert len(score_slates([[], as_slate([1], world.catalog)], samples, world.oracle)) == 2


def test_one_slate_a_sample(world):
    with pytest.raises(SafecrsError, match="2 slates were given for 1 samples"):
        score_slates([[], []], [make_sample(world.oracle, "a", [4], [1])], world.oracle)


def test_golden_hits(world):
    if not GOLDEN.is_file():
        pytest.skip("the golden cases are not here")
    checked = 0
    for case in json.loads(GOLDEN.read_text())["hits"]:
        if not case["groundtruth"]:
            continue
        liked = tuple((title, year) for title, year in case["groundtruth"])
        base = make_sample(world.oracle, "a", [4], [1])
        sample = base.model_copy(update={"all_liked": liked, "groundtruth": liked})
        slate = [Recommendation(title, year, -1) for title, year in case["recs"]]
        k = case["rec_num"]
        scored = score_slates([slate], [sample], world.oracle, k, rule="reference")
        expected = np.zeros(k, dtype=bool)
        expected[: len(case["hits"])] = case["hits"]
        assert scored.hit[0].tolist() == expected.tolist(), case
        checked += 1
    assert checked
