"""Which advisories count for which item, and that nothing is said twice."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.advisories import Advisory, Skipped, Statement, read_mpaa
from safecrs.catalog import Catalog, Item, split_label
from safecrs.oracle import Oracle, Verdict, compile_oracle
from safecrs.taxonomy import load_taxonomy

DATA = Path(__file__).resolve().parents[2] / "../shared/data"
TAXONOMY = load_taxonomy("film")
CATALOG = Catalog.from_items(
    [Item("Frozen", 2013), Item("Descent", 2005), Item("The Descent", 2005), Item("Saw", 2004, "tt0387564")]
)


def advisory(label: str, year: int | None, words: str, source: str = "mpaa", **more: str) -> Advisory:
    return Advisory(label, year, source, (Statement("violence", 2, words),), **more)  # type: ignore[arg-type]


def words(oracle: Oracle, label: str) -> list[str]:
    row = oracle.catalog.labels.index(label)
    return sorted(finding.words for finding in oracle.evidence.of(row) if finding.words)


@pytest.mark.parametrize(
    ("advisories", "label", "kept"),
    [
        # an off-year match counts only where the source has nothing better for the film
        ([advisory("Frozen", 2013, "a"), advisory("Frozen", 2014, "b")], "Frozen (2013)", ["a"]),
        ([advisory("Frozen", 2014, "b"), advisory("Frozen", 2011, "c")], "Frozen (2013)", ["b"]),
        ([advisory("Frozen", 2014, "b")], "Frozen (2013)", ["b"]),
        ([advisory("Frozen", 2013, "a"), advisory("Frozen", None, "d")], "Frozen (2013)", ["a"]),
        ([advisory("Frozen", None, "d")], "Frozen (2013)", ["d"]),
        # an article makes another title, unless only that source's year agrees
        ([advisory("Frozen", 2013, "a"), advisory("The Frozen", 2013, "e")], "Frozen (2013)", ["a"]),
        ([advisory("Frozen", 2014, "b"), advisory("The Frozen", 2013, "e")], "Frozen (2013)", ["b"]),
        ([advisory("The Frozen", 2013, "e")], "Frozen (2013)", ["e"]),
        ([advisory("The Frozen", 2012, "f")], "Frozen (2013)", []),
        ([advisory("The Descent", 2006, "t"), advisory("Descent", 2005, "d")], "The Descent (2005)", ["t"]),
        ([advisory("The Descent", 2006, "t"), advisory("Descent", 2005, "d")], "Descent (2005)", ["d"]),
        # each source for itself
        ([advisory("Frozen", 2013, "a"), advisory("Frozen", 2014, "b", "ddd")], "Frozen (2013)", ["a", "b"]),
        # an IMDb id and an exact title and year are as close; of equal severities the id's words are kept
        ([advisory("Saw", 2004, "a"), advisory("Saw", 2010, "b", imdb_id="tt0387564")], "Saw (2004)", ["b"]),
    ],
)
def test_the_closest_match_of_a_source_counts(
    advisories: list[Advisory], label: str, kept: list[str]
) -> None:
    for given_order in (advisories, advisories[::-1]):
        assert words(compile_oracle(CATALOG, given_order, TAXONOMY), label) == kept


def test_what_does_not_count_is_not_counted() -> None:
    advisories = [advisory("Frozen", 2013, "a"), advisory("Frozen", 2014, "b"), advisory("Up", 2009, "c")]
    count = compile_oracle(CATALOG, advisories, TAXONOMY).coverage().sources["mpaa"]
    assert (count.advisories, count.resolved) == (3, 1)


DOG = "the dog dies"
ANIMALS = TAXONOMY.trait("animal_harm").topics
NOES = tuple(Statement(topic, 0) for topic in ANIMALS)
YES = (Statement(DOG, 1, "it does"),)


def animals(*advisories: Advisory, skipped: Skipped | None = None) -> Verdict:
    oracle = compile_oracle(CATALOG, advisories, TAXONOMY, skipped=skipped)
    return oracle.check("Saw", 2004, {"animal_harm": 0.66}).verdict


@pytest.mark.parametrize(
    ("vouching", "accusing"),
    [
        # by id, by title and year, by title alone: no row silences another's yes
        (("Saw", 2004, "tt0387564"), ("Saw", 2004, None)),
        (("Saw", 2004, None), ("Saw", 2004, "tt0387564")),
        (("Saw", 2004, "tt0387564"), ("Saw", None, None)),
        (("Saw", 2004, None), ("Saw", None, None)),
        (("Other name", None, "tt0387564"), ("Saw", 2004, None)),
        (("Saw", None, None), ("Saw", 2004, None)),
    ],
)
def test_of_rows_about_one_item_the_most_serious_statement_holds(
    vouching: tuple[str, int | None, str | None], accusing: tuple[str, int | None, str | None]
) -> None:
    title, year, imdb_id = vouching
    safe = Advisory(title, year, "mine", NOES, imdb_id)
    title, year, imdb_id = accusing
    yes = Advisory(title, year, "mine", YES, imdb_id)
    assert animals(safe) is Verdict.SAFE
    assert animals(safe, yes) is animals(yes, safe) is Verdict.UNSAFE


def test_an_undated_row_does_not_vouch_beside_a_dated_one() -> None:
    undated = Advisory("Saw", None, "mine", NOES)
    assert animals(undated) is Verdict.SAFE
    assert animals(undated, Advisory("Saw", 2004, "mine", (Statement("spiders", 0),))) is Verdict.UNKNOWN


def test_a_yes_that_counts_for_nothing_is_told_by_title() -> None:
    skipped = Skipped()
    rows = [
        Advisory("Nowhere", 1999, "mine", YES),
        Advisory("Absent\x1b[2J", None, "mine", (Statement("violence", 2),)),
        Advisory("Lost", 2001, "mine", NOES),  # a no about nothing is only counted
        Advisory("Saw", 2004, "mine", NOES),
        Advisory("Saw", 2005, "mine", YES),
    ]
    assert animals(*rows, skipped=skipped) is Verdict.SAFE
    assert skipped.lines() == [
        "mine: 2 × says something serious about an item that the catalog lacks "
        "('Nowhere (1999)', 'Absent\\x1b[2J')",
        "mine: 1 × says something serious, but another row of this source fits the item better "
        "('Saw (2005)')",
    ]


def test_a_topic_called_like_a_category_leaves_the_category_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.toml"
    path.write_text('[trait.fights]\nname = "Fights"\navoid = "fights"\ntopics = ["violence"]\n')
    said = Advisory("Saw", 2004, "mine", (Statement("violence", 3),))
    oracle = compile_oracle(CATALOG, [said], TAXONOMY.extended(path))
    assert oracle.unsafe({"gore": 0.66}).tolist() == [False, False, False, True]
    assert oracle.check("Saw", 2004, {"fights": 0.66}).verdict is Verdict.UNKNOWN


def test_a_source_says_a_thing_once_and_the_most_serious() -> None:
    advisories = [
        Advisory("Saw", 2004, "mpaa", (Statement("violence", value, text), Statement("torture", 1, text)))
        for value, text in ((2, "violence"), (3, "strong violence"), (3, "strong violence"))
    ]
    oracle = compile_oracle(CATALOG, [*advisories, advisory("Saw", 2004, "gory", "ddd")], TAXONOMY)
    said = [(f.source, f.subject, f.value, f.words) for f in oracle.evidence.of(3)]
    assert sorted(said) == [
        ("ddd", "violence", 2, "gory"),
        ("mpaa", "torture", 1, "violence"),
        ("mpaa", "violence", 3, "strong violence"),
    ]
    (torture,) = oracle.check("Saw", 2004, {"torture": 0.66}).traits
    assert torture.reason.count("strong violence") == 1


titles = st.sampled_from(["Frozen", "The Frozen", "Descent", "The Descent", "A Descent", "Saw"])
entries = st.lists(
    st.builds(
        advisory, titles, st.integers(2002, 2015) | st.none(), st.just("w"), st.sampled_from(["a", "b"])
    ),
    max_size=8,
)


@given(entries)
def test_an_exact_match_leaves_no_other(advisories: list[Advisory]) -> None:
    told = [
        Advisory(a.title, a.year, a.source, (Statement("violence", 1, f"{a.title} {a.year}"),))
        for a in advisories
    ]
    oracle = compile_oracle(CATALOG, told, TAXONOMY)
    exact = {(a.source, f"{a.title} ({a.year})"): f"{a.title} {a.year}" for a in told}
    for row, label in enumerate(CATALOG.labels):
        findings = oracle.evidence.of(row)
        assert len({(f.source, f.subject) for f in findings}) == len(findings)
        for finding in findings:
            assert finding.words == exact.get((finding.source, label), finding.words)


def test_films_of_redial_get_their_own_reasons() -> None:
    if not DATA.exists():
        pytest.skip("the published data (../shared/data) are not here")
    films = json.loads(gzip.decompress((DATA / "catalog/redial_items.json.gz").read_bytes()))
    catalog = Catalog.from_items(Item(*split_label(film["name"])) for film in films.values())
    oracle = compile_oracle(catalog, read_mpaa(DATA / "advisories/mpaa_rating_reasons.tsv.gz"), TAXONOMY)
    gory = oracle.unsafe({"gore": 0.66})
    assert not gory[catalog.resolve("Frozen", 2013)]  # "The Frozen (2012)" is bloody
    assert not gory[catalog.resolve("Descent", 2005)]  # a disaster film
    assert gory[catalog.resolve("The Descent", 2005)]
