"""Resolution: the nearest year wins, what is ambiguous stays unresolved."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item, TitleIndex
from safecrs.catalog.index import MAX_YEAR_GAP, OTHER_ARTICLE, UNDATED_GAP
from safecrs.catalog.normalize import normalize_title, split_article

CATALOG = Catalog.from_items(
    [
        Item("Heat", 1986),
        Item("Heat", 1995),
        Item("Saw", 2004),
        Item("The Thing", 1982),
        Item("The Thing", 2011),
        Item("Undated"),
        Item("Twin", 2000),
        Item("Twin", 2002),
        Item("Spirited Away", 2001, alternative_titles=("Sen to Chihiro no kamikakushi", "Spirited Away!")),
        Item("Half Dated"),
        Item("Half Dated", 1990),
        Item("Descent", 2005),
        Item("The Descent", 2005),
        Item("A Descent", 2009),
    ]
)


def label(title: str, year: int | None, rule: str = "strict") -> str | None:
    row = CATALOG.resolve(title, year, rule)  # type: ignore[arg-type]
    return None if row is None else CATALOG.label(row)


@pytest.mark.parametrize(
    ("title", "year", "found"),
    [
        ("heat", 1995, "Heat (1995)"),
        ("Heat", 1997, "Heat (1995)"),
        ("Heat", 1987, "Heat (1986)"),
        ("Heat", 1990, None),  # more than two years from both
        ("Heat", None, None),  # two films
        ("Thing, The", 2012, "The Thing (2011)"),
        ("SAW!", None, "Saw (2004)"),
        ("Saw", 2010, None),  # a remake the catalog does not hold
        ("Saw", 2006, "Saw (2004)"),
        ("Twin", 2001, None),  # a tie
        ("Twin", 2000, "Twin (2000)"),
        ("Undated", 1999, "Undated"),
        ("Undated", None, "Undated"),
        ("sen to chihiro no kamikakushi", 2001, "Spirited Away (2001)"),
        ("Spirited Away", None, "Spirited Away (2001)"),
        ("Half Dated", 1990, "Half Dated (1990)"),
        ("Half Dated", 1950, None),
        ("Half Dated", None, None),
        ("Descent", 2005, "Descent (2005)"),
        ("the descent", 2005, "The Descent (2005)"),
        ("Descent, The", 2006, "The Descent (2005)"),
        ("Descent, The", None, "The Descent (2005)"),
        ("An Descent", 2005, None),  # a tie, and neither is written so
        ("Descent", 2009, "A Descent (2009)"),  # the year comes before the article
        ("Nobody", 2000, None),
        ("", None, None),
    ],
)
def test_strict(title: str, year: int | None, found: str | None) -> None:
    assert label(title, year) == found
    (row,) = CATALOG.resolve_many([title], [year]).tolist()
    assert (None if row < 0 else CATALOG.label(row)) == found


def test_the_reference_takes_any_film_of_that_title() -> None:
    assert label("Saw", 2020, "reference") == "Saw (2004)"
    assert label("Heat", 1990, "reference") is not None
    assert label("Twin", 2001, "reference") is not None
    assert label("Nobody", 2000, "reference") is None


names = st.sampled_from(["Heat", "Saw", "The Thing", "Thing", "Up", "A Day"])
years = st.one_of(st.none(), st.integers(1990, 2000))
entries = st.lists(st.tuples(names, years), min_size=1, max_size=12)


@given(entries, st.lists(st.tuples(names, years), max_size=8))
def test_a_batch_equals_one_by_one_and_the_plain_rule(
    items: list[tuple[str, int | None]], asked: list[tuple[str, int | None]]
) -> None:
    index = TitleIndex.build((title, year, row) for row, (title, year) in enumerate(items))
    batch = index.resolve_many([title for title, _ in asked], [year for _, year in asked]).tolist()
    for (title, year), row in zip(asked, batch, strict=True):
        assert row == index.resolve(title, year)
        same = [(r, y) for r, (t, y) in enumerate(items) if normalize_title(t) == normalize_title(title)]
        gaps = [abs(y - year) for _, y in same if y is not None and year is not None]
        if not gaps:
            tied = [r for r, _ in same]
        elif min(gaps) <= MAX_YEAR_GAP:
            tied = [r for r, y in same if y is not None and abs(y - year) == min(gaps)]
        else:
            tied = []
        alike = [r for r in tied if split_article(items[r][0])[0] == split_article(title)[0]]
        best = alike or tied
        assert row == (best[0] if len(best) == 1 else -1)


@pytest.mark.parametrize(
    ("title", "year", "distance"),
    [
        ("Saw", 2004, 0),
        ("SAW!", 2006, 2),
        ("The Saw", 2004, OTHER_ARTICLE),
        ("A Saw", 2005, OTHER_ARTICLE + 1),
        ("Saw", None, UNDATED_GAP),
        ("Undated", 2004, UNDATED_GAP),
        ("Undated", None, 0),
        ("The Descent", 2004, 1),
        ("Spirited Away", 2001, 0),
        ("Sen to Chihiro no Kamikakushi", 2001, 0),
    ],
)
def test_how_far_a_match_is(title: str, year: int | None, distance: int) -> None:
    rows, distances = CATALOG.match_many(["Nobody", title], [1999, year])
    assert rows.tolist() == [-1, CATALOG.resolve(title, year)]
    assert distances[1] == distance


def test_which_titles_are_known() -> None:
    assert CATALOG.known_titles(["heat", "Nobody", "", "Thing, The"]).tolist() == [True, False, False, True]
    assert CATALOG.known_titles([]).shape == (0,)


def test_an_empty_batch_and_an_empty_index() -> None:
    assert CATALOG.resolve_many([], []).shape == (0,)
    assert TitleIndex.build([]).resolve_many(["Saw"], [2004]).tolist() == [-1]
