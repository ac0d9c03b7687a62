"""Titles of every script, and titles that no letter spells."""

from __future__ import annotations

import pytest

from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError


@pytest.mark.parametrize(
    ("one", "other"),
    [("दिल", "दल"), ("काल", "कल"), ("กิน", "กัน"), ("மீன்", "மான்"), ("が", "か"), ("???", "!!!"), ("…", "🎬")],
)
def test_different_titles_are_different_items(one, other):
    catalog = Catalog.from_items([Item(one, 2000), Item(other, 2000), Item("Heat", 1995)])
    assert len(catalog) == 3
    alone = Catalog.from_items([Item(one, 2000), Item("Heat", 1995)])
    for year in (None, 2000):
        assert alone.resolve(other, year) is None
        assert alone.resolve("", year) is None
        assert alone.resolve(one, year) == 0
    assert alone.resolve_many([one, other, "-"], [2000] * 3).tolist()[1:] == [-1, -1]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Amelie", "Amélie"),
        ("Ame\u0301lie", "Amélie"),
        ("АМЕЛИ", "Амели"),
        ("か\u3099", "が"),
        ("???", "???"),
    ],
)
def test_accents_and_composition_do_not_matter(written, meant):
    catalog = Catalog.from_items([Item(meant, 2001), Item("Heat", 1995)])
    assert catalog.resolve(written, 2001) == 0


@pytest.mark.parametrize("year", [10**30, -5, 99999])
def test_years_that_are_none(year):
    assert Catalog.from_items([Item("Heat", 1995)]).resolve("Heat", year) is None
    with pytest.raises(SafecrsError, match="The year of 'Heat'"):
        Catalog.from_items([Item("Heat", year)])
