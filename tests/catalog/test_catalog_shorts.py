"""Short titles mean an item where nothing else is called so, and in its very year."""

from __future__ import annotations

import pytest

from safecrs.catalog import Catalog, Item
from safecrs.catalog.index import MAX_YEAR_GAP, OTHER_ARTICLE, UNDATED_GAP
from safecrs.catalog.normalize import short_titles, stated_name

CATALOG = Catalog.from_items(
    [
        Item("Owl Wars: Episode I - The Grey Feather", 1977),
        Item("Owl Wars: Episode II - The Last Nest", 1980),
        Item("Mouse: What a Small Grey Animal Thinks of All the Owls", 1990),
        Item("Night: The Owl", 1991),
        Item("Night Flight: Part One", 1992),
        Item("Night Flight: Part Two", 1993),
        Item("Doctor Owl or: How I Learned to Fly", 1964),
        Item("Cold Nest", 1970),
        Item("Cold Nest: The Return", 1985),
        Item("O.W.L. the Other Wise Legend", 1982),
        Item("Twin Nests: First", 1995),
        Item("Twin Nests: Second", 1995),
    ]
)


@pytest.mark.parametrize(
    ("title", "year", "row"),
    [
        ("Owl Wars", 1977, 0),
        ("Owl Wars", 1980, 1),
        ("Owl Wars", 1978, None),  # near is not enough
        ("Owl Wars", None, None),  # no film of a series is meant more than another
        ("The Last Nest", 1980, 1),
        ("Owl Wars: The Grey Feather", 1977, 0),
        ("Owl Wars - Episode 2", 1980, 1),
        ("Mouse", 1990, 2),
        ("Mouse", None, None),
        ("Night", 1991, None),  # a word is the title of many films
        ("The Owl", 1991, None),
        ("Night Flight", 1993, 5),
        ("Part Two", 1993, None),
        ("Dr. Owl", None, 6),  # the title itself states this name
        ("Dr. Owl", 1965, 6),
        ("Cold Nest", 1985, None),  # a title of its own
        ("Cold Nest", 1970, 7),
        ("O.W.L.", 1982, 9),
        ("Twin Nests", 1995, None),
    ],
)
def test_short_titles(title: str, year: int | None, row: int | None) -> None:
    assert CATALOG.resolve(title, year) == row


def test_a_short_title_suggests_what_it_may_mean() -> None:
    assert CATALOG.same_title("owl wars") == [0, 1]


def test_an_advisory_by_a_short_title_is_no_sure_match() -> None:
    (row,), (distance,) = CATALOG.match_many(["Owl Wars"], [1977])
    assert row == 0
    assert OTHER_ARTICLE < distance <= OTHER_ARTICLE + MAX_YEAR_GAP < OTHER_ARTICLE + UNDATED_GAP


def test_names_within_a_title() -> None:
    assert short_titles("Owl") == []
    assert short_titles("Owl Wars: Episode I - The Grey Feather") == [
        "Episode I The Grey Feather",
        "Owl Wars",
        "Owl Wars Episode I",
        "Owl Wars The Grey Feather",
        "The Grey Feather",
    ]
    assert stated_name("Owl, or The Cat") == "Owl"
    assert stated_name("Owl or Cat") == "Owl or Cat"
