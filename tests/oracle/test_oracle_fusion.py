"""The truth table of the fusion, cell by cell, and the properties that hold whatever the advisories say."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories import Advisory, Statement, parse_reason
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict, compile_oracle
from safecrs.oracle.fusion import Fusion
from safecrs.taxonomy import CATEGORIES, Taxonomy, Trait, load_taxonomy

TAXONOMY = Taxonomy(
    domain="film",
    traits=(
        Trait(id="strong", name="s", avoid="x", guide=(0, 1, 0, 0, 0.5), applicability="strong",
              topics={"s1": 1, "s2": 1}),
        Trait(id="weak", name="w", avoid="x", guide=(0, 1, 0, 0, 0), applicability="weak",
              topics={"w1": 1, "w2": 0.4, "w3": 1, "w4": 1}),
        Trait(id="proxy", name="p", avoid="x", guide=(0, 0, 1, 0, 0), applicability="proxy",
              topics={"p1": 1, "p2": 1}),
        Trait(id="none", name="n", avoid="x", topics={"n1": 1, "n2": 1, "n3": 0.5}),
    ),
)  # fmt: skip
CATALOG = Catalog.from_items([Item("Film", 2000), Item("Other", 2001)])
NAN = float("nan")


def advisory(*said: tuple[str, int], reviewed: str = "", guide: bool = False, source: str = "a") -> Advisory:
    statements = tuple(Statement(subject, value) for subject, value in said)
    return Advisory("Film", 2000, source, statements, None, guide, frozenset(reviewed.split()))


def fused(*advisories: Advisory, fusion: Fusion = "applicability") -> Oracle:
    return compile_oracle(CATALOG, advisories, TAXONOMY, fusion)


@pytest.mark.parametrize(
    ("trait", "given_advisory", "risk", "possible_risk"),
    [
        ("strong", advisory(("s1", 1)), 1, 0),
        ("strong", advisory(("violence", 3), guide=True), 2 / 3, 0),
        ("strong", advisory(("violence", 3), reviewed="s1 s2", guide=True), 2 / 3, 0),
        ("strong", advisory(reviewed="s1 s2"), 0, 0),
        ("strong", advisory(reviewed="s1"), 0, 0),
        ("strong", advisory(("violence", 0)), 0, 0),  # two thirds of the weight are rated: heard
        ("strong", advisory(("frightening", 0)), NAN, 0),  # a third is not enough
        ("strong", advisory(("frightening", 3)), 1 / 3, 1),  # found, but nobody vouches for the rest
        ("strong", advisory(("sex", 3)), NAN, 0),
        ("weak", advisory(("w1", 1), ("violence", 3)), 1, 1),
        ("weak", advisory(("violence", 3), guide=True), NAN, 1),
        ("weak", advisory(("violence", 1), guide=True), NAN, 1 / 3),
        ("weak", advisory(guide=True), NAN, 0),  # nothing of the kind was named, but who looked for it?
        ("weak", advisory(reviewed="w1 w2", guide=True), 0, 0),
        ("weak", advisory(("violence", 2), reviewed="w1 w2 w3 w4", guide=True), 0, 0),
        ("weak", advisory(("violence", 2), reviewed="w1 w2", guide=True), 0, 2 / 3),
        ("weak", advisory(("violence", 2), reviewed="w1", guide=True), NAN, 2 / 3),
        ("weak", advisory(("w2", 1)), 0.4, 1),  # a mild topic alone does not vouch for the others
        ("weak", advisory(("w2", 1), reviewed="w1 w3 w4"), 0.4, 0),
        ("proxy", advisory(guide=True), NAN, 0),
        ("proxy", advisory(("profanity", 3), guide=True), NAN, 1),
        ("proxy", advisory(("profanity", 3), reviewed="p1 p2"), 0, 0),
        ("proxy", advisory(("profanity", 3), reviewed="p1"), 0, 1),
        ("proxy", advisory(("p1", 1)), 1, 0),
        ("none", advisory(guide=True), NAN, 0),
        ("none", advisory(("n1", 1)), 1, 0),
        ("none", advisory(("n1", 0), ("n2", 0)), 0, 0),
        ("none", advisory(("n1", 0)), NAN, 0),
    ],
)  # fmt: skip
def test_truth_table(trait: str, given_advisory: Advisory, risk: float, possible_risk: float) -> None:
    oracle = fused(given_advisory)
    column = TAXONOMY.column[trait]
    np.testing.assert_allclose(oracle.risk[0, column], risk, rtol=1e-6)
    np.testing.assert_allclose(oracle.possible_risk[0, column], possible_risk, rtol=1e-6)
    assert np.isnan(oracle.risk[1]).all()
    assert not oracle.possible_risk[1].any()


def test_several_sources_take_the_highest_severity_and_a_yes_outweighs_a_no() -> None:
    oracle = fused(
        advisory(("violence", 1), ("n1", 1), guide=True, source="a"),
        advisory(("violence", 3), ("n1", 0), reviewed="n1 n2 n3", source="b"),
    )
    assert oracle.risk[0, 0] == np.float32(2 / 3)
    assert oracle.risk[0, 3] == 1
    assert {(f.source, f.value) for f in oracle.evidence.of(0) if f.subject == "n1"} == {("a", 1), ("b", 0)}


def test_paper_fusion_counts_what_is_not_stated_as_absent() -> None:
    oracle = fused(advisory(("violence", 3), ("n3", 1)), fusion="paper")
    np.testing.assert_allclose(oracle.risk[0], [2 / 3, 1, 0, 0.5], rtol=1e-6)
    assert not oracle.possible_risk.any()
    assert np.isnan(oracle.risk[1]).all()


def test_a_value_out_of_range_names_source_and_title() -> None:
    with pytest.raises(SafecrsError, match=r"a says 4 about 'violence' of 'Film'.*0 and 3"):
        fused(advisory(("violence", 4)))
    with pytest.raises(SafecrsError, match="between 0 and 1"):
        fused(advisory(("n1", 2)))


SUBJECTS = (*CATEGORIES, *TAXONOMY.topics)
statements = st.sampled_from(SUBJECTS).flatmap(
    lambda subject: st.tuples(st.just(subject), st.integers(0, 3 if subject in CATEGORIES else 1))
)
advisories = st.builds(
    lambda said, reviewed, guide: advisory(*said, reviewed=" ".join(reviewed), guide=guide),
    st.lists(statements, max_size=6),
    st.sets(st.sampled_from(TAXONOMY.topics)),
    st.booleans(),
)


@given(st.lists(advisories, max_size=3), advisories, st.sampled_from(["applicability", "paper"]))
def test_another_advisory_never_lowers_a_risk(known: list[Advisory], added: Advisory, fusion: Fusion) -> None:
    before, after = fused(*known, fusion=fusion), fused(*known, added, fusion=fusion)
    both = ~np.isnan(before.risk) & ~np.isnan(after.risk)
    assert (after.risk[both] >= before.risk[both]).all()
    found = before.risk > 0
    assert not np.isnan(after.risk[found]).any()


@given(st.lists(advisories, max_size=3), st.sampled_from([0.1, 0.33, 0.66, 1.0]))
def test_applicability_condemns_no_more_than_the_paper_does(known: list[Advisory], threshold: float) -> None:
    constraints = dict.fromkeys(TAXONOMY.ids, threshold)
    ours, paper = fused(*known), fused(*known, fusion="paper")
    assert not (ours.unsafe(constraints) & ~paper.unsafe(constraints)).any()


@given(st.permutations(range(3)), st.lists(advisories, min_size=3, max_size=3))
def test_the_order_of_advisories_does_not_matter(order: list[int], known: list[Advisory]) -> None:
    first, second = fused(*known), fused(*(known[position] for position in order))
    np.testing.assert_array_equal(first.risk, second.risk)
    np.testing.assert_array_equal(first.possible_risk, second.possible_risk)


@given(st.lists(advisories, max_size=3))
def test_safe_needs_somebody_who_vouches(known: list[Advisory]) -> None:
    oracle = fused(*known)
    for trait in TAXONOMY.traits:
        (verdict,) = oracle.verdicts([0], {trait.id: 1.0})
        if verdict == Verdict.SAFE:
            spoken = {f.subject for f in oracle.evidence.of(0)}
            weights = dict(zip(CATEGORIES, trait.guide, strict=True))
            assert spoken & {*trait.topics, *(c for c in CATEGORIES if weights[c] > 0)}


def test_an_mpaa_reason_does_not_vouch_for_what_it_never_looks_for() -> None:
    taxonomy = load_taxonomy("film")
    words = "Rated R for pervasive language, sexual content including nudity, and some drug material"
    said = Advisory("Film", 2000, "mpaa", parse_reason(words), reviews_guide=True)
    oracle = compile_oracle(CATALOG, [said], taxonomy)
    for trait in taxonomy.traits:
        (verdict,) = oracle.verdicts([0], {trait.id: 0.66})
        assert trait.applicability == "strong" or verdict == Verdict.UNKNOWN, trait.id
    assert oracle.unsafe({"substances": 0.66})[0]  # "drug material" is no milder for somebody in recovery
    assert oracle.check("Film", 2000, {"gore": 0.66, "horror": 0.66}).verdict is Verdict.SAFE


def test_every_film_trait_is_settled_by_a_full_review() -> None:
    taxonomy = load_taxonomy("film")
    full = Advisory("Film", 2000, "a", (), None, True, frozenset(taxonomy.topics))
    oracle = compile_oracle(CATALOG, [full], taxonomy)
    assert not oracle.risk[0].any()
    assert not math.isnan(oracle.risk[0].sum())
