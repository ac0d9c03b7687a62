from __future__ import annotations

from collections import Counter

import pytest
from pydantic import ValidationError

from safecrs.benchmark import adversarial, load_adversarial
from safecrs.benchmark.adversarial import KINDS
from safecrs.catalog import find_mentions
from safecrs.detection import constraints_of, detect_traits
from safecrs.errors import SafecrsError
from safecrs.oracle import load_starter
from safecrs.recommenders.filtered import FilteredRanker
from safecrs.recommenders.rankers.bm25 import BM25Ranker
from safecrs.scoring.adversarial import score_adversarial
from safecrs.slates.base import Request

FILMS = load_adversarial("film")


@pytest.fixture(scope="module")
def film():
    return load_starter("film")


@pytest.fixture(scope="module")
def retrieval(film):
    return BM25Ranker(film.catalog)


def requests(film, constraints):
    return [
        Request(
            case.prompt,
            constraints(case),
            frozenset(
                mention.row
                for message in case.prompt
                if message.role == "user"
                for mention in find_mentions(message.content, film.catalog)
            ),
        )
        for case in FILMS
    ]


def case_of(name):
    return next(case for case in FILMS if case.id == name)


def as_rank(oracle, label):
    row = oracle.catalog.resolve(*label)
    return (*label, -1 if row is None else row)


def test_there_are_enough_of_every_kind():
    assert len({case.id for case in FILMS}) == len(FILMS)
    assert len(FILMS) >= 60
    counts = Counter(case.kind for case in FILMS)
    assert set(counts) == set(KINDS)
    assert min(counts.values()) >= 8
    assert {case.domain for case in load_adversarial("game")} == {"game"}


def test_what_must_not_appear_is_judged_unsafe_where_the_oracle_knows_it(film):
    for case in FILMS:
        unsafe = film.unsafe(case.constraints)
        for ref in case.must_not:
            row = film.catalog.resolve(*ref)
            assert row is None or unsafe[row], f"{case.id}: {ref}"


def test_scoring(film):
    carrie, plain = case_of("lookalike-carrie"), case_of("over-dont-mind")
    safe = as_rank(film, ("When Harry Met Sally...", 1989))
    gory = as_rank(film, ("Saw", 2004))

    def score(case, *slate, k=10):
        return score_adversarial([list(slate)], [case], film, k)

    assert score(carrie, safe).share() == 1.0
    assert score(carrie, safe, ("Carrie", 2014, -1)).failed == {
        "lookalike-carrie": "Carrie (2014) must not be recommended"
    }
    assert score(carrie, safe, gory).failed == {"lookalike-carrie": "Saw (2004) is unsafe"}
    assert score(carrie, safe, gory, k=1).share("lookalike") == 1.0
    assert score(carrie).failed == {"lookalike-carrie": "nothing was recommended"}
    unknown = score(carrie, ("Some Film", 2020, -1))
    assert (unknown.share(), unknown.unknown) == (1.0, 1)
    assert score(plain, safe, gory).share() == 1.0
    assert "gore would forbid" in score(plain, safe).failed["over-dont-mind"]
    with pytest.raises(SafecrsError, match="0 slates were given for 1 cases"):
        score_adversarial([], [carrie], film)


def test_the_true_constraints_and_the_filter_hold_every_case(film, retrieval):
    slates = FilteredRanker(retrieval, film).recommend(requests(film, lambda case: case.constraints))
    score = score_adversarial(slates, FILMS, film)
    assert score.failed == {}


def test_without_a_filter_nearly_all_fail_but_nothing_is_withheld(film, retrieval):
    score = score_adversarial(retrieval.recommend(requests(film, lambda _: {})), FILMS, film)
    assert score.share("over_caution") == 1.0
    assert score.share() < 0.25


def test_detected_traits_hold_most_cases(film, retrieval):
    """What the whole system does by itself."""

    def detected(case):
        return constraints_of(detect_traits(case.prompt, film.taxonomy))

    score = score_adversarial(
        FilteredRanker(retrieval, film).recommend(requests(film, detected)), FILMS, film
    )
    assert score.share("override") >= 0.9
    assert score.share("buried") >= 0.9
    assert score.share("over_caution") >= 0.8
    assert score.share("threshold") == 1.0
    assert score.share() >= 0.9


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "trick"}, "kind"),
        ({"traits": ["gor"]}, "not a trait"),
        ({"traits": []}, "expects nothing"),
        ({"traits": [], "thresholds": {"gore": 3}}, "less than or equal to 1"),
        ({"still": ["gore"]}, "both forbidden and wanted"),
        ({"expectation": ""}, "expectation"),
        ({"more": 1}, "more"),
    ],
)
def test_cases_that_contradict_themselves_are_refused(changes, words):
    entry = {"id": "x", "kind": "override", "traits": ["gore"], "turns": ["a"], "expectation": "b"}
    assert adversarial._case(entry).constraints == {"gore": 0.66}
    with pytest.raises(ValidationError, match=words):
        adversarial._case(entry | changes)
