"""Rows that are one item become one item of the catalog."""

from __future__ import annotations

import pytest

from safecrs.catalog import Catalog, Item


@pytest.mark.parametrize(
    ("items", "labels"),
    [
        ([Item("Owl", None, "tt1"), Item("Owl", 1999, "tt1")], ["Owl (1999)"]),
        (
            [Item("Owl & Cat", 1999), Item("Owl and Cat", 1999), Item("Owl &amp; Cat", 1999)],
            ["Owl & Cat (1999)"],
        ),
        ([Item("Owl II", 1999), Item("Owl 2", 1999), Item("Owl", 1999)], ["Owl II (1999)", "Owl (1999)"]),
        ([Item("Owl", 1999, "tt1"), Item("Eule", 1999, "tt1")], ["Owl (1999)"]),
        # the third row joins the first two
        ([Item("Owl", 1999), Item("Eule", 1999, "tt1"), Item("Owl", 1999, "tt1")], ["Owl (1999)"]),
        # one id that can't be right
        ([Item("Owl", 1999, "tt1"), Item("Owl II", 2000, "tt1")], ["Owl (1999)", "Owl II (2000)"]),
        ([Item("Owl", 1999, "tt1"), Item("Owl", 2009, "tt1")], ["Owl (1999)", "Owl (2009)"]),
        ([Item("Owl", 1999), Item("Owl", 2000)], ["Owl (1999)", "Owl (2000)"]),
        ([Item("Owl", 1999), Item("The Owl", 1999)], ["Owl (1999)", "The Owl (1999)"]),
    ],
)
def test_which_rows_are_one(items: list[Item], labels: list[str]) -> None:
    catalog = Catalog.from_items(items)
    assert catalog.labels == labels
    found = catalog.resolve_many([item.title for item in items], [item.year for item in items]).tolist()
    assert min(found) >= 0


def test_what_is_known_of_twins_adds_up() -> None:
    catalog = Catalog.from_items(
        [
            Item("Owl", 1999, None, ("drama",)),
            Item("Eule", 2000, "tt1", ("comedy", "drama"), "A bird."),
            Item("Cat", 1990),
            Item("Owl", 1999, "tt1", ("horror",), "Another bird.", ("Hibou",)),
        ]
    )
    assert catalog.item(0) == Item("Owl", 1999, "tt1", ("drama", "comedy", "horror"), "A bird.")
    assert catalog.labels == ["Owl (1999)", "Cat (1990)"]
    asked = [("Owl", 1999), ("Eule", 2000), ("Hibou", 1999), ("eule", None)]
    assert [catalog.resolve(*names) for names in asked] == [0, 0, 0, 0]


def test_many_rows_of_one_id_take_linear_time() -> None:
    items = [Item(f"Owl {number}", 1900 + number % 100, "tt0") for number in range(20_000)]
    assert len(Catalog.from_items(items)) == len(items)
