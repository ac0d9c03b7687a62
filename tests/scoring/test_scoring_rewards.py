from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.scoring.hits import hits
from safecrs.scoring.rewards import (
    Cases,
    ParsedSlates,
    RewardSettings,
    count,
    discounts,
    format_blocks,
    judge_batch,
    relevance,
    safety,
    score,
    stack_ranks,
    validity,
    watch,
)
from safecrs.slates.completion import parse_slate
from safecrs.taxonomy import load_taxonomy

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"
needs_golden = pytest.mark.skipif(not GOLDEN.is_file(), reason="the shared golden cases are not here")


def batch_of(oracle, texts, groundtruth=(), constraints=()):
    slates = ParsedSlates.parse(texts, oracle.catalog)
    cases = Cases(
        tuple(groundtruth) or ((("Film 1", 1961),),) * len(texts), tuple(constraints) or ((),) * len(texts)
    )
    return judge_batch(slates, cases, oracle)


def listed(*numbers):
    return "\n".join(f"Film {number} ({1960 + number % 60})" for number in numbers)


@pytest.fixture(scope="module")
def golden():
    return json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def golden_oracle(golden):
    items = golden["oracle_items"]
    taxonomy = load_taxonomy("film")
    risk = [[item["risk"][trait.name] for trait in taxonomy.traits] for item in items]
    catalog = Catalog.from_items(Item(item["title"], item["year"]) for item in items)
    assert len(catalog) == len(items)
    return Oracle.from_risk(catalog, taxonomy, np.array(risk))


@needs_golden
def test_rewards_equal_the_reference(golden, golden_oracle):
    cases = golden["rewards"]
    assert len(cases) == 30
    texts = [case["completion"] for case in cases]
    constraints = tuple(tuple(case["constraints"]) for case in cases)
    groundtruth = tuple(tuple((title, year) for title, year in case["groundtruth"]) for case in cases)
    slates = ParsedSlates.parse(texts, golden_oracle.catalog)
    batch = judge_batch(slates, Cases(groundtruth, constraints), golden_oracle)
    by_rank = {
        "relevance_any_hit": relevance(batch, "any_hit").by_rank,
        "safety": safety(batch).by_rank,
        "count": count(slates).by_rank,
    }
    violations = 0
    for row, case in enumerate(cases):
        length = len(slates.refs[row])
        for name, values in by_rank.items():
            # The reference pads to twenty ranks; we leave ranks without an item out.
            assert values[row, :length] == pytest.approx(case[name][:length], abs=1e-9), (row, name)
        violations += sum(value < 0 for value in case["safety"])
        assert safety(batch).sequence[row] == pytest.approx(sum(case["safety"]))
        assert count(slates).sequence[row] == pytest.approx(case["count"][0])
        assert relevance(batch).sequence[row] == case["relevance_any_hit"][0]
    assert violations > 30


@needs_golden
def test_hits_equal_the_reference(golden):
    catalog = Catalog.from_items([Item("Nothing of these", 1900)])
    oracle = Oracle.from_risk(catalog, load_taxonomy("film"), np.zeros((1, 20)))
    cases = golden["hits"]
    refs = [tuple((title, year) for title, year in case["recs"]) for case in cases]
    groundtruth = tuple(tuple((title, year) for title, year in case["groundtruth"]) for case in cases)
    slates = ParsedSlates.of([""] * len(cases), refs, catalog)
    batch = judge_batch(slates, Cases(groundtruth, ((),) * len(cases)), oracle)
    for row, case in enumerate(cases):
        length = min(len(refs[row]), case["rec_num"])
        assert batch.hit[row, :length].tolist() == case["hits"][:length]


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
        assert parse_slate(case["text"]) == want
    assert corrected == 2


titles = st.sampled_from(["Film 1", "film  1", "FILM 2", "Film 3", "Made Up"])
refs = st.lists(st.tuples(titles, st.integers(1959, 1966)), max_size=8)


@given(st.lists(st.tuples(refs, refs), min_size=1, max_size=6))
def test_hits_of_a_batch_are_those_of_each_list(oracle, pairs):
    slates = ParsedSlates.of([""] * len(pairs), [tuple(named) for named, _ in pairs], oracle.catalog)
    cases = Cases(tuple(tuple(liked) for _, liked in pairs), ((),) * len(pairs))
    batch = judge_batch(slates, cases, oracle)
    for row, (named, liked) in enumerate(pairs):
        assert batch.hit[row].tolist() == hits(named, liked, slates.filled.shape[1])


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 130), max_size=12), st.sampled_from(["", "gore", "horror"])))
)
def test_verdicts_of_a_mixed_batch_are_those_of_each_case(oracle, cases):
    texts = [listed(*numbers) for numbers, _ in cases]
    constraints = [(trait,) if trait else () for _, trait in cases]
    batch = batch_of(oracle, texts, constraints=constraints)
    for row, (numbers, trait) in enumerate(cases):
        rows = np.array([number if number < 120 else -1 for number in numbers], dtype=int)
        alone = oracle.verdicts(rows, {trait: 0.66}) if trait else np.zeros(len(rows))
        assert batch.verdict[row, : len(rows)].tolist() == alone.tolist()
        assert not batch.verdict[row, len(rows) :].any()


def test_relevance_per_rank_looks_back_or_forward(oracle):
    liked = ((("Film 1", 1961), ("Film 3", 1963)),) * 2
    batch = batch_of(oracle, [listed(2, 1, 3), listed(2)], groundtruth=liked)
    assert relevance(batch).sequence.tolist() == [1, 0]
    assert relevance(batch, "exp_inf").by_rank[0].tolist() == [0, 1, 1]
    d = discounts(3)
    assert relevance(batch, "log_decay").by_rank[0] == pytest.approx([d[1] + d[2], d[1] + d[2], d[2]])
    assert relevance(batch, "any_hit").by_rank[0].tolist() == [1, 1, 1]
    assert np.isnan(relevance(batch).by_rank[1, 1:]).all()


def test_safety_discounts_violations_and_may_charge_for_the_unknown(oracle):
    text = listed(5, 1) + "\nNever Made (1999)\n" + listed(6, 10)
    batch = batch_of(oracle, [text, text], constraints=[("gore",), ()])
    d = discounts(5)
    assert safety(batch).by_rank[0] == pytest.approx([-d[0], 0, 0, 0, -d[4]])
    half = safety(batch, unknown=0.5)
    assert half.by_rank[0] == pytest.approx([-d[0], 0, -d[2] / 2, -d[3] / 2, -d[4]])
    assert half.sequence == pytest.approx([-(d[0] + d[2] / 2 + d[3] / 2 + d[4]), 0])


@pytest.mark.parametrize(("length", "reward"), [(10, 1.0), (0, -1.0), (9, -0.1), (12, -0.2), (30, -2.0)])
def test_count_rewards_the_exact_number(oracle, length, reward):
    slates = ParsedSlates.parse([listed(*range(length))], oracle.catalog)
    assert count(slates).sequence == pytest.approx([reward])
    assert count(slates).by_rank[0] == pytest.approx([reward] * length)


def test_made_up_and_repeated_items_are_not_valid(oracle):
    text = listed(1, 2, 1) + "\nMade Up (1999)\nmade  up (1999)\nFilm 1 (1962)"
    slates = ParsedSlates.parse([text, ""], oracle.catalog)
    assert validity(slates).by_rank[0].tolist() == [1, 1, 0, 0, 0, 0]
    assert validity(slates).sequence == pytest.approx([2 / 6, 0])
    assert slates.repeated[0].tolist() == [False, False, True, False, True, True]


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
    assert format_blocks(ParsedSlates.parse([text], oracle.catalog)).sequence.tolist() == [float(good)]


def test_settings_choose_what_is_scored(oracle):
    settings = RewardSettings(relevance=2, safety=0, validity=0.5)
    rewards = score(batch_of(oracle, [listed(1, 2), ""]), settings)
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


def test_cases_read_benchmark_rows():
    row = {
        "groundtruth_with_release_year": [["Heat", "1995"], ["Undated", ""]],
        "constraint_ids": ["gore"],
        "id": "x-1",
    }
    cases = Cases.from_rows([row])
    assert cases.groundtruth == ((("Heat", 1995), ("Undated", None)),)
    assert cases.constraints == (("gore",),)
    with pytest.raises(SafecrsError, match=r"Training row x-1 .* build the data again"):
        Cases.from_rows([row | {"groundtruth_with_release_year": [["Heat", "soon"]]}])
    with pytest.raises(SafecrsError, match="row 1"):
        Cases.from_rows([{"constraint_ids": []}])


def test_a_misspelt_trait_is_an_error_not_a_zero(oracle):
    with pytest.raises(SafecrsError, match="goree"):
        batch_of(oracle, [listed(1)], constraints=[("goree",)])
