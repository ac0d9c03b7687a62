"""Who watches along, as an age."""

from __future__ import annotations

import pytest

from safecrs.conversation import Message
from safecrs.detection import detect_traits
from safecrs.taxonomy import load_taxonomy


def ages(text: str) -> set[int]:
    found = detect_traits([Message(role="user", content=text)], load_taxonomy("film"))
    return {int(one.trait.removeprefix("age_")) for one in found if one.trait.startswith("age_")}


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("Movie night with my 5 year old, she likes trains", 5),
        ("something to watch with a 9yo", 9),
        ("my son is eight and wants space ships", 8),
        ("Our kids are 4 and 11, what works for both?", 4),
        ("a film for my class of nine-year-olds", 9),
        ("My nephew just turned twelve.", 12),
        ("the third graders want a film on Friday", 8),
        ("toddlers in the room until seven", 3),
        ("with the teenagers tonight", 14),
        ("my daughter (13) chooses the genre", 13),
        ("film for the whole family please", 7),
        ("good film for the kids?", 7),
    ],
)
def test_a_child_is_the_youngest_age_named_or_the_usual_one(text: str, age: int) -> None:
    assert ages(text) == {age}


@pytest.mark.parametrize(
    "text",
    [
        "The kids are at grandma's, finally a thriller for us",
        "I watched four or five films last week",
        "he is one of my favourite directors",
        "BAD BOYS 2 was great",
        "a drama about a ten year old chess player",
        "this film is 12 years old",
    ],
)
def test_no_child_watches_along(text: str) -> None:
    assert ages(text) == set()


def test_a_child_is_no_bundle_of_traits() -> None:
    found = detect_traits(
        [Message(role="user", content="for my 6 year old who is scared of spiders")], load_taxonomy("film")
    )
    assert {one.trait for one in found} == {"age_6", "spiders_reptiles"}
