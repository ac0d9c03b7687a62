"""The catalog as columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item, find_mentions, normalize_title
from safecrs.catalog.canonical import canonical_title
from safecrs.catalog.table import StringColumn
from safecrs.errors import SafecrsError
from safecrs.storage import map_tensors, write_tensors

AMELIE = Item("Amélie", 2001, "tt0211915", ("comedy", "romance"), "A waitress helps others.")
ITEMS = [AMELIE, Item("Up", 2009), Item("Undated"), Item("Heat", 1995), Item("Heat", 1986)]


def test_items_come_back() -> None:
    catalog = Catalog.from_items(ITEMS)
    assert [catalog.item(row) for row in range(len(catalog))] == ITEMS
    assert catalog.labels == [catalog.label(row) for row in range(len(catalog))]
    assert catalog.label(2) == "Undated"
    assert catalog.row_of_imdb_id == {"tt0211915": 0}
    assert catalog.same_title("HEAT") == [3, 4]


def test_the_first_of_the_same_title_and_year_is_kept() -> None:
    catalog = Catalog.from_items([AMELIE, Item("AMELIE", 2001), Item("Amélie", 2002)])
    assert catalog.labels == ["Amélie (2001)", "Amélie (2002)"]
    assert catalog.plot(0) == AMELIE.plot


def test_an_article_makes_another_title() -> None:
    films = [Item("Descent", 2005), Item("The Descent", 2005), Item("Descent, The", 2005)]
    catalog = Catalog.from_items(films)
    assert catalog.labels == ["Descent (2005)", "The Descent (2005)"]
    assert [catalog.resolve(title, 2005) for title in ("DESCENT", "the descent")] == [0, 1]
    found = find_mentions("Like The Descent (2005), not Descent (2005)", catalog)
    assert [mention.row for mention in found] == [1, 0]


def test_round_trip_through_a_file(tmp_path: Path) -> None:
    catalog = Catalog.from_items(ITEMS)
    write_tensors(tmp_path / "c", catalog.tensors(), {})
    mapped = Catalog("film", map_tensors(tmp_path / "c")[0])
    assert [mapped.item(row) for row in range(len(mapped))] == ITEMS
    assert mapped.resolve("amelie", 2001) == 0


def test_nothing_to_catalog_is_an_error() -> None:
    with pytest.raises(SafecrsError, match="empty"):
        Catalog.from_items([])
    with pytest.raises(SafecrsError, match="Item 2"):
        Catalog.from_items([AMELIE, Item("  ")])


def test_missing_or_uneven_columns_are_errors() -> None:
    tensors = Catalog.from_items(ITEMS).tensors()
    with pytest.raises(SafecrsError, match=r"catalog\.years"):
        Catalog("film", {name: value for name, value in tensors.items() if name != "catalog.years"})
    with pytest.raises(SafecrsError, match="differ in length"):
        Catalog("film", tensors | {"catalog.years": np.zeros(2, np.int16)})
    with pytest.raises(SafecrsError, match="incomplete"):
        Catalog("film", tensors | {"catalog.titles": np.zeros(2, np.uint8)})


def test_search_forgives_typing_errors() -> None:
    catalog = Catalog.from_items(ITEMS)
    assert catalog.search("Amelli")[0] == 0
    assert catalog.search("heat 1986")[0] == 4
    assert catalog.search("zzzzqqqq") == []
    assert len(catalog.search("heat", limit=1)) == 1


def test_a_title_that_shares_a_word_or_the_year_is_no_better_than_the_one_that_is_meant():
    others = ["The 13th Warrior", "Army of Darkness", "Black Hawk Down", "Days of Summer", "Old School"]
    meant = ["The Godfather", "The Lord of the Rings: The Two Towers", "Watership Down", "Finding Nemo"]
    catalog = Catalog.from_items(Item(title, 2003) for title in others + meant)
    asked = ["The Godfater", "Lord of Rings", "Watershp Down", "Finding Nimo (2003)"]
    assert [catalog.title(catalog.search(query)[0]) for query in asked] == meant


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_string_columns_hold_any_text(strings: list[str]) -> None:
    column = StringColumn.of(strings)
    assert list(column) == strings
    assert [column[row] for row in range(len(column))] == strings
    with pytest.raises(IndexError):
        column[len(strings)]


@given(st.lists(st.tuples(st.text(min_size=1).filter(str.strip), st.integers(1900, 2030)), min_size=1))
def test_every_item_resolves_to_itself(pairs: list[tuple[str, int]]) -> None:
    pairs = [(title.encode("utf-8", "ignore").decode() or "x", year) for title, year in pairs]
    pairs = [(title if title.strip() else "x", year) for title, year in pairs]
    catalog = Catalog.from_items(Item(title, year) for title, year in pairs)
    rows = catalog.resolve_many([title for title, _ in pairs], [year for _, year in pairs])
    for (title, year), row in zip(pairs, rows.tolist(), strict=True):
        assert catalog.year(row) == year
        found = catalog.title(row)
        assert normalize_title(found) == normalize_title(title) or canonical_title(found) == canonical_title(
            title
        )
