"""Items named in running text: precision first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.catalog import Catalog, Item, find_mentions

CATALOG = Catalog.from_items(
    [
        Item("Big Fish", 2003),
        Item("Big", 1988),
        Item("Heat", 1995),
        Item("Heat", 1986),
        Item("It", 2017),
        Item("Up", 2009),
        Item("Se7en", 1995),
        Item("The Lord of the Rings: The Two Towers", 2002),
        Item("What We Do in the Shadows", 2014),
        Item("Mother!", 2017),
        Item("Amélie", 2001),
        Item("Inception", 2010),
        Item("(500) Days of Summer", 2009),
    ]
)


def found(text: str) -> list[str]:
    return [CATALOG.label(mention.row) for mention in find_mentions(text, CATALOG)]


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("something like big fish, or Heat (1995)", ["Big Fish (2003)", "Heat (1995)"]),
        ("Heat was great", []),  # two films, no year
        ("I loved Heat (1986).", ["Heat (1986)"]),
        ("I loved Heat (2020).", []),
        ("it was big, so give up", []),
        ("Something like It (2017)", ["It (2017)"]),
        ('have you seen "Up"?', ["Up (2009)"]),
        ("we watched Inception and amelie", ["Inception (2010)"]),
        ("we watched Inception and Amélie!", ["Inception (2010)", "Amélie (2001)"]),
        ("what we do in the shadows please", ["What We Do in the Shadows (2014)"]),
        (
            "The Lord of the Rings: The Two Towers, then Se7en",
            ["The Lord of the Rings: The Two Towers (2002)", "Se7en (1995)"],
        ),
        ("", []),
        ("no films here", []),
    ],
)
def test_mentions(text: str, labels: list[str]) -> None:
    assert found(text) == labels


SERIES = Catalog.from_items(
    [
        *(Item("Owl", 1979), Item("Owl II", 1986), Item("Owls vs. Cats", 2004), Item("Cat Story", 1995)),
        *(
            Item("Mad Mouse", 1999),
            Item("Grey Runner", 1982),
            Item("Kick-Mouse", 2010),
            Item("Bear and Bee", 1988),
        ),
        *(
            Item("Night Flight: Part One", 1992),
            Item("The Grey", 2000),
            Item("Nest of the Grey Runner", 1990),
        ),
        Item("Undated Owl"),
    ]
)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("I loved Owl 2", ["Owl II (1986)"]),
        ("i loved mad mouse and cat story two, not owl ii", ["Mad Mouse (1999)", "Owl II (1986)"]),
        ("Mad Mouse 3 and Mad Mouse: Vol. 2 and Mad Mouse Part Four", []),
        ("Cat Story Two, Cat Story II, Cat Story-2, Cat Story IV", []),
        ("We saw Mad Mouse vs. Cat", []),
        ("My kids like Mad Mouse the Third", []),
        ("The Mad Mouse Returns again", []),
        ("Mad Mouse: Endless Cheese", []),
        ("Not Grey Runner 2049 again", []),
        ("Grey Runner 1982 is good", ["Grey Runner (1982)"]),
        ("Undated Owl 1999", []),
        ("We saw Mad Mouse 3 times", ["Mad Mouse (1999)"]),
        ("Mad Mouse I like", ["Mad Mouse (1999)"]),
        ("Mad Mouse Cat Story", ["Mad Mouse (1999)", "Cat Story (1995)"]),
        ("try Nest of the Grey Runner, please", ["Nest of the Grey Runner (1990)"]),
        ("Kick Mouse (2010) and Kickmouse", ["Kick-Mouse (2010)", "Kick-Mouse (2010)"]),
        ("we kick mouse and cat", []),
        ("the mice of Bear & Bee", ["Bear and Bee (1988)"]),
        ("Night Flight Pt. 1, maybe", ["Night Flight: Part One (1992)"]),
        ("Night Flight (1992)", ["Night Flight: Part One (1992)"]),
        ("Mаd Mоuse or M\u200bad Mo\u00aduse", ["Mad Mouse (1999)", "Mad Mouse (1999)"]),
        ("Mad\nMouse", []),
    ],
)
def test_sequels_and_spellings(text: str, labels: list[str]) -> None:
    assert [SERIES.label(mention.row) for mention in find_mentions(text, SERIES)] == labels


def test_spans_are_the_text_that_names_the_item() -> None:
    text = "Try Inception, or Heat (1995)!"
    spans = [text[mention.start : mention.end] for mention in find_mentions(text, CATALOG)]
    assert spans == ["Inception", "Heat (1995)"]


pieces = st.sampled_from(
    [*CATALOG.labels, "big", "it", "Heat", "I liked", ",", ".", "\n", '"', "(1995)", "and"]
)


@given(st.lists(st.one_of(pieces, st.text(max_size=5)), max_size=10))
def test_mentions_are_in_order_and_never_overlap(parts: list[str]) -> None:
    text = " ".join(parts)
    end = 0
    for mention in find_mentions(text, CATALOG):
        assert end <= mention.start < mention.end <= len(text)
        assert 0 <= mention.row < len(CATALOG)
        end = mention.end


@given(st.sampled_from(range(len(CATALOG))), st.sampled_from(["I liked ", "maybe ", ""]))
def test_a_full_label_is_always_found(row: int, before: str) -> None:
    assert found(f"{before}{CATALOG.label(row)}, thanks") == [CATALOG.label(row)]
