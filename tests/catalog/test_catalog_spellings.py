"""Whatever spelling of an item resolves is the item, and a filter lets no spelling of an unsafe one pass."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from spellings import spellings

from safecrs.catalog import Catalog, Item
from safecrs.oracle import Verdict
from safecrs.oracle.oracle import load_starter
from safecrs.taxonomy import Domain


def asked(catalog: Catalog) -> list[tuple[int, str, int | None]]:
    rows = range(len(catalog))
    return [(row, text, catalog.year(row)) for row in rows for text in spellings(catalog.title(row))]


@pytest.mark.parametrize("domain", ["film", "game"])
def test_no_spelling_of_an_unsafe_item_of_the_starter_passes(domain: Domain) -> None:
    oracle = load_starter(domain)
    cases = asked(oracle.catalog)
    titles, years = [text for _, text, _ in cases], [year for _, _, year in cases]
    rows = oracle.catalog.resolve_many(titles, years).tolist()
    wrong = [
        (oracle.catalog.label(own), text, row)
        for (own, text, _), row in zip(cases, rows, strict=True)
        if row != own
    ]
    assert wrong == []
    constraints = {oracle.taxonomy.ids[0]: 0.66, "gore" if domain == "film" else oracle.taxonomy.ids[1]: 0.66}
    unsafe = oracle.verdicts(range(len(oracle.catalog)), constraints) == Verdict.UNSAFE
    assert unsafe.any()
    verdicts = oracle.judge(titles, years, constraints)
    kept = [
        text
        for (row, text, _), verdict in zip(cases, verdicts, strict=True)
        if unsafe[row] and verdict != Verdict.UNSAFE
    ]
    assert kept == []


names = st.sampled_from(
    ["Saw", "Kick-Ass", "Kick Ass", "The Saw", "A Saw", "Nine", "9", "Nine Lives", "9 Lives", "X Men"]
)
numbers = st.sampled_from(["", "", " II", " 2", " Two", " Part 2", ": Vol. 2", "²", " I", " IV"])
subtitles = st.sampled_from(["", "", ": The Last Rise", " - The Last Rise", " & Co.", " (Uncut)", "/Off"])
made_up = st.lists(
    st.tuples(st.tuples(names, numbers, subtitles).map("".join), st.integers(2000, 2004)),
    min_size=1,
    max_size=12,
)


@given(made_up)
@example([("Saw II", 2002), ("Saw 2", 2003), ("The Saw 2", 2002), ("Saw", 2002)])
def test_a_spelling_never_means_another_item(items: list[tuple[str, int]]) -> None:
    catalog = Catalog.from_items(Item(*item) for item in items)
    cases = asked(catalog)
    rows = catalog.resolve_many([text for _, text, _ in cases], [year for _, _, year in cases]).tolist()
    wrong = [
        (catalog.labels[own], text, catalog.labels[row])
        for (own, text, _), row in zip(cases, rows, strict=True)
        if row not in (own, -1)
    ]
    assert wrong == []


@given(made_up)
def test_every_label_means_its_item(items: list[tuple[str, int]]) -> None:
    catalog = Catalog.from_items(Item(*item) for item in items)
    rows = range(len(catalog))
    assert [catalog.resolve(catalog.title(row), catalog.year(row)) for row in rows] == list(rows)
