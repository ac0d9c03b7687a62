"""Verdicts, checks and explanations."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from safecrs.advisories import Advisory, Statement
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict, compile_oracle
from safecrs.taxonomy import load_taxonomy

TAXONOMY = load_taxonomy("film")
ITEMS = [
    Item("Saw", 2004, "tt0387564"),
    Item("Heat", 1995),
    Item("Heat", 1986),
    Item("Up", 2009),
    Item("Big", 1988),
]
CATALOG = Catalog.from_items(ITEMS)
TRAITS = len(TAXONOMY.traits)

risks = arrays(
    np.float32,
    (len(CATALOG), TRAITS),
    elements=st.one_of(st.just(np.float32("nan")), st.sampled_from([np.float32(n / 8) for n in range(9)])),
)
constraint_sets = st.dictionaries(st.sampled_from(TAXONOMY.ids), st.floats(0.05, 1.0), max_size=4)


@pytest.fixture
def oracle() -> Oracle:
    advisories = [
        Advisory("Saw", 2004, "guide", (Statement("violence", 3, "a foot is sawn off"),), reviews_guide=True),
        Advisory("SAW!", 2004, "ddd", (Statement("torture", 1), Statement("the dog dies", 0))),
        Advisory("Up", 2010, "ddd", (), reviews_topics=frozenset(TAXONOMY.topics)),
        Advisory("Never Heard Of It", 1999, "ddd", (Statement("torture", 1),)),
        Advisory("Heat", None, "ddd", (Statement("torture", 1),)),
    ]
    return compile_oracle(CATALOG, advisories, TAXONOMY)


@given(risks, constraint_sets, constraint_sets)
def test_unsafe_for_a_union_is_unsafe_for_either(risk: np.ndarray, one: dict, other: dict) -> None:
    oracle = Oracle.from_risk(CATALOG, TAXONOMY, risk)
    union = {t: min(one.get(t, 1.0), other.get(t, 1.0)) for t in one | other}
    np.testing.assert_array_equal(oracle.unsafe(union), oracle.unsafe(one) | oracle.unsafe(other))


@given(risks, constraint_sets)
def test_unknown_is_never_safe(risk: np.ndarray, constraints: dict) -> None:
    oracle = Oracle.from_risk(CATALOG, TAXONOMY, risk)
    columns = [TAXONOMY.column[trait] for trait in constraints]
    verdicts = oracle.verdicts(np.arange(len(CATALOG)), constraints)
    silent = np.isnan(risk[:, columns]).any(axis=1)
    assert (verdicts[silent] != Verdict.SAFE).all()
    np.testing.assert_array_equal(oracle.unsafe(constraints), verdicts == Verdict.UNSAFE)
    np.testing.assert_array_equal(oracle.unknown(constraints), verdicts == Verdict.UNKNOWN)


@given(risks, constraint_sets)
def test_verdicts_equal_the_plain_definition(risk: np.ndarray, constraints: dict) -> None:
    oracle = Oracle.from_risk(CATALOG, TAXONOMY, risk)
    for row in range(len(CATALOG)):
        cells = [(risk[row, TAXONOMY.column[t]], np.float32(tau)) for t, tau in constraints.items()]
        expected = Verdict.SAFE
        if any(value >= tau for value, tau in cells):
            expected = Verdict.UNSAFE
        elif any(np.isnan(value) for value, _ in cells):
            expected = Verdict.UNKNOWN
        assert oracle.verdicts(row, constraints) == expected


def test_possible_risk_of_half_the_threshold_makes_an_item_unknown() -> None:
    oracle = Oracle.from_risk(CATALOG, TAXONOMY, np.zeros((len(CATALOG), TRAITS)))
    oracle.possible_risk[0, 0] = 0.3
    trait = TAXONOMY.ids[0]
    assert oracle.verdicts([0, 1], {trait: 0.61}).tolist() == [Verdict.SAFE, Verdict.SAFE]
    assert oracle.verdicts([0, 1], {trait: 0.6}).tolist() == [Verdict.UNKNOWN, Verdict.SAFE]


def test_row_minus_one_is_unknown_and_shapes_are_kept(oracle: Oracle) -> None:
    constraints = TAXONOMY.constraints(["torture"])
    verdicts = oracle.verdicts([[0, -1], [3, 1]], constraints)
    assert verdicts.dtype == np.int8
    assert verdicts.tolist() == [[Verdict.UNSAFE, Verdict.UNKNOWN], [Verdict.SAFE, Verdict.UNKNOWN]]
    assert oracle.verdicts([-1], {}).tolist() == [Verdict.UNKNOWN]
    assert oracle.verdicts(np.zeros((0, 3), int), constraints).shape == (0, 3)
    for row in (-2, len(CATALOG)):
        with pytest.raises(IndexError):
            oracle.verdicts([row], constraints)
        with pytest.raises(IndexError):
            oracle.explain(row)


def test_judge_resolves_text(oracle: Oracle) -> None:
    verdicts = oracle.judge(["Saw", "up", "Nobody", "Heat"], [2005, None, 2000, None], {"torture": 0.66})
    assert verdicts.tolist() == [Verdict.UNSAFE, Verdict.SAFE, Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_cached_verdicts_cannot_be_spoilt(oracle: Oracle) -> None:
    constraints = {"torture": 0.66}
    oracle.unsafe(constraints)[:] = False
    oracle.verdicts([0, 1], constraints)[:] = 0
    assert oracle.unsafe(constraints)[0]


def test_unknown_trait_and_bad_threshold_are_errors(oracle: Oracle) -> None:
    with pytest.raises(SafecrsError, match="did you mean torture"):
        oracle.unsafe({"tortur": 0.66})
    with pytest.raises(SafecrsError, match="did you mean torture"):
        oracle.check("Nobody", None, {"tortur": 0.66})
    for threshold in (0, -1, 1.01, float("nan")):
        with pytest.raises(SafecrsError, match="threshold"):
            oracle.verdicts([0], {"torture": threshold})


def test_a_trait_may_be_named_as_in_the_paper(oracle: Oracle) -> None:
    np.testing.assert_array_equal(
        oracle.unsafe({"Avoid torture & extreme violence": 0.66}), oracle.unsafe({"torture": 0.66})
    )


def test_check_finds_judges_and_explains(oracle: Oracle) -> None:
    check = oracle.check("saw (2004)", None, {"torture": 0.66, "animal_harm": 0.66})
    assert (check.label, check.verdict) == ("Saw (2004)", Verdict.UNSAFE)
    verdicts = {risk.trait: risk.verdict for risk in check.traits}
    assert verdicts == {"animal_harm": Verdict.UNKNOWN, "torture": Verdict.UNSAFE}
    torture = next(risk for risk in check.traits if risk.trait == "torture")
    assert "ddd says yes to “torture”" in torture.reason
    assert torture.evidence[0].source == "ddd"


def test_check_suggests_when_ambiguous_or_misspelt(oracle: Oracle) -> None:
    ambiguous = oracle.check("Heat", None, {"torture": 0.66})
    assert ambiguous.verdict is Verdict.UNKNOWN
    assert ambiguous.row is None
    assert set(ambiguous.did_you_mean) == {"Heat (1995)", "Heat (1986)"}
    assert oracle.check("Saww", 2004, {}).did_you_mean[0] == "Saw (2004)"


def test_explain_covers_every_trait_and_quotes_the_source(oracle: Oracle) -> None:
    risks = {risk.trait: risk for risk in oracle.explain(0, {"gore": 1.0})}
    assert tuple(risks) == TAXONOMY.ids
    assert "a foot is sawn off" in risks["gore"].reason
    assert risks["gore"].verdict is Verdict.SAFE
    assert risks["gore"].threshold == 1.0
    assert risks["spiders_reptiles"].risk is None
    assert risks["spiders_reptiles"].reason == "No source speaks of this for this film."
    assert risks["self_harm"].reason.startswith("Cannot be ruled out: guide rates violence & gore Severe")
    up = {risk.trait: risk for risk in oracle.explain(3)}
    assert up["gore"].reason == "Nothing of the kind was found by ddd."


def test_coverage_counts_what_found_its_item(oracle: Oracle) -> None:
    coverage = oracle.coverage()
    assert (coverage.items, coverage.advised) == (5, 2)
    assert (coverage.sources["ddd"].advisories, coverage.sources["ddd"].resolved) == (4, 2)
    assert coverage.known["spiders_reptiles"] == pytest.approx(1 / 5)


def test_the_imdb_id_comes_before_the_title() -> None:
    said = (Statement("torture", 1),)
    oracle = compile_oracle(
        CATALOG,
        [Advisory("Heat", 1995, "a", said, "tt0387564"), Advisory("Big", 1988, "a", said, "tt9999999")],
        TAXONOMY,
    )
    assert oracle.unsafe({"torture": 0.66}).nonzero()[0].tolist() == [0, 4]


def test_tables_must_fit() -> None:
    with pytest.raises(SafecrsError, match="do not fit"):
        Oracle.from_risk(CATALOG, TAXONOMY, np.zeros((3, TRAITS)))
    with pytest.raises(SafecrsError, match="between 0 and 1"):
        Oracle.from_risk(CATALOG, TAXONOMY, np.full((len(CATALOG), TRAITS), 2.0))
    with pytest.raises(SafecrsError, match="game"):
        compile_oracle(CATALOG, [], load_taxonomy("game"))


def test_importing_the_oracle_imports_nothing_heavy() -> None:
    code = (
        "import sys, safecrs.oracle; "
        "print([m for m in ('torch', 'transformers', 'scipy', 'rapidfuzz', 'datasets') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
