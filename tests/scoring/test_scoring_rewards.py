from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scored_slates import SAFE, UNKNOWN, UNSAFE, lists, scored, slate

from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.scoring import metrics
from safecrs.scoring.metrics import discounts
from safecrs.scoring.rewards import (
    RewardSettings,
    count,
    format_blocks,
    relevance,
    safety,
    score,
    stack_ranks,
    validity,
    watch,
)
from safecrs.scoring.scored import UNLISTED, Case, score_rows, slate_rows
from safecrs.slates.answers import read_answer
from safecrs.slates.completion import parse_slate
from safecrs.taxonomy import load_taxonomy

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"
needs_golden = pytest.mark.skipif(not GOLDEN.is_file(), reason="the shared golden cases are not here")


def batch_of(oracle, texts, groundtruth=None, constraints=None):
    """The lists in ``texts``, read and scored."""
    refs = [parse_slate(text) for text in texts]
    liked = groundtruth or [[("Film 1", 1961)]] * len(texts)
    rows = slate_rows(liked, oracle.catalog).tolist()
    cases = [
        Case(tuple(wanted), tuple(found[: len(wanted)]), traits)
        for wanted, found, traits in zip(liked, rows, constraints or [()] * len(texts), strict=True)
    ]
    return score_rows(slate_rows(refs, oracle.catalog), cases, oracle, refs)


def listed(*numbers):
    return "\n".join(f"Film {number} ({1960 + number % 60})" for number in numbers)


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def golden_oracle(golden):
    items = golden["oracle_items"]
    taxonomy = load_taxonomy("film").assigned
    risk = [[item["risk"][trait.name] for trait in taxonomy.traits] for item in items]
    catalog = Catalog.from_items(Item(item["title"], item["year"]) for item in items)
    assert len(catalog) == len(items)
    return Oracle.from_risk(catalog, taxonomy, np.array(risk))


@needs_golden
def test_rewards_equal_the_reference(golden, golden_oracle):
    cases = golden["rewards"]
    assert len(cases) == 30
    constraints = [tuple(case["constraints"]) for case in cases]
    groundtruth = [[(title, year) for title, year in case["groundtruth"]] for case in cases]
    batch = batch_of(golden_oracle, [case["completion"] for case in cases], groundtruth, constraints)
    by_rank = {
        "relevance_any_hit": relevance(batch, "any_hit").by_rank,
        "safety": safety(batch).by_rank,
        "count": count(batch).by_rank,
    }
    violations = 0
    for row, case in enumerate(cases):
        length = int(batch.filled[row].sum())
        for name, values in by_rank.items():
            # The reference pads to twenty ranks; we leave ranks without an item out.
            assert values[row, :length] == pytest.approx(case[name][:length], abs=1e-9), (row, name)
        violations += sum(value < 0 for value in case["safety"])
        assert safety(batch).sequence[row] == pytest.approx(sum(case["safety"]))
        assert count(batch).sequence[row] == pytest.approx(case["count"][0])
        assert relevance(batch).sequence[row] == case["relevance_any_hit"][0]
    assert violations > 30


# Faults of the reference that its README names: numbering "1、" kept, "(500)" dropped from a title.
CORRECTED = {
    "1、Spirited Away": "Spirited Away",
    "2、Your Name": "Your Name",
    "Mission: Impossible": "Mission: Impossible (Fallout)",
    "Days of Summer": "(500) Days of Summer",
}


@needs_golden
def test_parsing_equals_the_reference_where_it_is_right(golden):
    corrected = 0
    for case in golden["parse"]:
        want = [(CORRECTED.get(title, title), year) for title, year in case["recs"]]
        corrected += want != [tuple(pair) for pair in case["recs"]]
        assert [(item.title, item.year) for item in read_answer(case["text"]).items] == want
    assert corrected == 2


def of_each(metric, slates):
    """The metric of each slate by itself, 0 where the slate does not count."""
    numerator, denominator = metric.parts(slates)
    return numerator / np.where(denominator > 0, denominator, 1)


@given(lists(), st.integers(1, 6))
def test_a_reward_is_a_metric_of_one_slate(case, target):
    slates = scored(*case)
    assert (safety(slates).sequence == -of_each(metrics.sdcg, slates)).all()
    worst = replace(slates, verdict=np.where(slates.verdict == UNKNOWN, UNSAFE, slates.verdict))
    assert (safety(slates, unknown=1.0).sequence == -of_each(metrics.sdcg, worst)).all()
    assert (relevance(slates).sequence == (of_each(metrics.recall, slates) > 0)).all()
    total = np.nan_to_num(relevance(slates, "log_decay").by_rank[:, 0])  # of rank 1 and all after it: the DCG
    best = np.cumsum(discounts(slates.rows.shape[1]))[np.clip(slates.relevant, 1, slates.rows.shape[1]) - 1]
    assert total / best == pytest.approx(of_each(metrics.ndcg, slates))
    once = replace(slates, rows=np.where(slates.repeated & slates.filled, UNLISTED, slates.rows))
    assert (validity(slates).sequence == of_each(metrics.validity, once)).all()
    length = of_each(metrics.length, slates)
    assert ((count(slates, target).sequence == 1) == (length == target)).all()
    assert np.minimum(count(slates, target).sequence, 0) == pytest.approx(-np.abs(length - target) / target)
    # Per rank, what a sequence earns is the sum or the mean of what its ranks earn.
    ranks = np.nansum(safety(slates).by_rank, axis=1)
    assert ranks == pytest.approx(safety(slates).sequence)
    good = np.nansum(validity(slates).by_rank, axis=1) / np.maximum(length, 1)
    assert good == pytest.approx(validity(slates).sequence)


@given(lists())
def test_validity_is_that_of_the_list_less_its_repeats(case):
    k, people = case  # of made-up items none is repeated
    slates = scored(k, [([(h, v, c, a and c) for h, v, c, a in ranks], n, t) for ranks, n, t in people])
    less = of_each(metrics.validity, slates) - of_each(metrics.repeats, slates)
    assert validity(slates).sequence == pytest.approx(less)


@given(lists())
def test_what_is_watched_are_metrics(case):
    slates = scored(*case)
    values = {
        "length": metrics.length,
        "recall": metrics.recall,
        "in_catalog": metrics.validity,
        "repeats": metrics.repeats,
        "svr": metrics.svr,
        "unknown": metrics.unknown,
    }
    expected = {name: metric.value(slates) for name, metric in values.items()}
    seen = watch(slates)
    assert seen.pop("empty") == np.mean(slates.filled.sum(axis=1) == 0)
    assert seen == {name: value for name, value in expected.items() if not np.isnan(value)}


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 130), max_size=12), st.sampled_from(["", "gore", "horror"])))
)
def test_verdicts_of_a_mixed_batch_are_those_of_each_case(oracle, cases):
    texts = [listed(*numbers) for numbers, _ in cases]
    batch = batch_of(oracle, texts, constraints=[(trait,) if trait else () for _, trait in cases])
    for row, (numbers, trait) in enumerate(cases):
        rows = np.array([number if number < 120 else -1 for number in numbers], dtype=int)
        alone = oracle.verdicts(rows, {trait: 0.66}) if trait else np.zeros(len(rows))
        assert batch.verdict[row, : len(rows)].tolist() == alone.tolist()
        assert not (batch.unsafe | batch.unknown)[row, len(rows) :].any()


# A list for a person with a constraint, on paper with d = 1 / log2(rank + 1) = 1, 0.6309, 0.5, 0.4307:
# unsafe; a hit; made up, of unknown safety; a hit that is unsafe and was named before. And an empty list.
LIST = [slate(UNSAFE), slate(SAFE, hit=True), slate(UNKNOWN, known=False)]
LIST += [slate(UNSAFE, hit=True, again=True)]


@pytest.fixture
def on_paper():
    return scored(4, [(LIST, 3, True), ([], 3, True)])


@pytest.mark.parametrize(
    ("by_rank", "earned"),
    [
        ("any_hit", [1, 1, 1, 1]),
        ("exp_inf", [0, 1, 0, 1]),
        ("log_decay", [1.0616, 1.0616, 0.4307, 0.4307]),  # 0.6309 + 0.4307; from rank 3 on the second alone
    ],
)
def test_relevance_on_paper(on_paper, by_rank, earned):
    reward = relevance(on_paper, by_rank)
    assert reward.sequence.tolist() == [1, 0]
    assert reward.by_rank[0] == pytest.approx(earned, abs=5e-5)
    assert np.isnan(reward.by_rank[1]).all()


def test_safety_on_paper(on_paper):
    assert safety(on_paper).by_rank[0] == pytest.approx([-1, 0, 0, -0.4307], abs=5e-5)
    assert safety(on_paper).sequence == pytest.approx([-1.4307, 0], abs=5e-5)
    half = safety(on_paper, unknown=0.5)  # and half of 0.5 for rank 3
    assert half.by_rank[0] == pytest.approx([-1, 0, -0.25, -0.4307], abs=5e-5)
    assert half.sequence == pytest.approx([-1.6807, 0], abs=5e-5)
    free = scored(4, [(LIST, 3, False)])
    assert safety(free, unknown=1.0).sequence.tolist() == [0]
    assert not np.signbit(safety(free).by_rank).any()


def test_count_on_paper(on_paper):
    assert count(on_paper, 10).sequence == pytest.approx([-0.6, -1])  # 6 of 10 are missing, and 10 of 10
    assert count(on_paper, 4).sequence == pytest.approx([1, -1])
    assert count(on_paper, 3).sequence == pytest.approx([-1 / 3, -1])
    assert count(on_paper, 10).by_rank[0] == pytest.approx([-0.6] * 4)
    assert np.isnan(count(on_paper).by_rank[1]).all()


def test_validity_on_paper(on_paper):
    assert validity(on_paper).by_rank[0].tolist() == [1, 1, 0, 0]
    assert validity(on_paper).sequence.tolist() == [2 / 4, 0]


def test_repeats_are_one_item_however_it_is_written(oracle):
    text = listed(1, 2, 1) + "\nMade Up (1999)\nmade  up (1999)\nFilm 1 (1962)"
    batch = batch_of(oracle, [text, ""])
    assert batch.repeated[0].tolist() == [False, False, True, False, True, True]
    assert validity(batch).by_rank[0].tolist() == [1, 1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("<reasoning>no gore</reasoning>\n<solution>\nA (2000)\n</solution>", True),
        ("  <reasoning>x</reasoning><solution></solution>\n", True),
        ("A (2000)", False),
        ("<reasoning> </reasoning><solution>A (2000)</solution>", False),
        ("<reasoning>x</reasoning><solution>A (2000)", False),
        ("<solution>A (2000)</solution><reasoning>x</reasoning>", False),
        ("<reasoning>x</reasoning><solution>A</solution><solution>B</solution>", False),
        ("<reasoning>x</reasoning><reasoning>y</reasoning><solution>B</solution>", False),
        ("<reasoning>x</reasoning><solution>A</solution> and more", False),
    ],
)
def test_format_wants_one_block_of_each(oracle, text, good):
    assert format_blocks([text], batch_of(oracle, [text])).sequence.tolist() == [float(good)]


def test_settings_choose_what_is_scored(oracle):
    settings = RewardSettings(relevance=2, safety=0, validity=0.5)
    texts = [listed(1, 2), ""]
    rewards = score(batch_of(oracle, texts), texts, settings)
    assert list(rewards) == ["relevance", "count", "validity"]
    assert settings.weights == {"relevance": 2, "count": 1, "validity": 0.5}
    stacked = stack_ranks(list(rewards.values()))
    assert stacked.shape == (2, 3, 3)
    assert np.isnan(stacked[1, 1:]).all()
    assert not np.isnan(stacked[:, 0]).any()


def test_what_is_watched(oracle):
    texts = [listed(5, 5, 1), "", listed(10) + "\nMade Up (1999)"]
    seen = watch(batch_of(oracle, texts, constraints=[("gore",), (), ()]))
    assert seen == pytest.approx(
        {
            "length": 5 / 3,
            "empty": 1 / 3,
            "recall": 1 / 3,
            "in_catalog": 4 / 5,
            "repeats": 1 / 5,
            "svr": 2 / 3,
            "unknown": 0,
        }
    )
    assert watch(batch_of(oracle, [""])) == {"length": 0, "empty": 1, "recall": 0}


def test_a_case_survives_its_columns():
    case = Case((("Heat", 1995), ("Undated", None)), (7, UNLISTED), ("gore",))
    assert Case.from_row(case.columns() | {"id": "x"}) == case


def test_a_misspelt_trait_is_an_error_not_a_zero(oracle):
    with pytest.raises(SafecrsError, match="Unknown film trait"):
        batch_of(oracle, [listed(1)], constraints=[("goree",)])
