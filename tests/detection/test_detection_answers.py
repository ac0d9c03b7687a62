from __future__ import annotations

import pytest

from safecrs.conversation import conversation
from safecrs.detection import detect_traits
from safecrs.taxonomy import load_taxonomy

FILM = load_taxonomy("film")


def after(*turns: str) -> set[str]:
    """The traits after turns of which the last is the user's, and the others alternate."""
    roles = ["user", "assistant"] if len(turns) % 2 else ["assistant", "user"]
    messages = [{"role": roles[place % 2], "content": text} for place, text in enumerate(turns)]
    return {found.trait for found in detect_traits(conversation(messages), FILM)}


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Should I avoid needles?", "yes please", {"needles"}),
        ("Should I avoid needles?", "no", set()),
        ("Do you mind ghosts?", "I do, yes", {"horror"}),
        ("Do you mind ghosts?", "not at all", set()),
        ("Are you okay with blood?", "not really", {"gore"}),
        ("Are you okay with blood?", "yes", set()),
        ("Anything you would rather not see: clowns, smoking, suicide?", "the second one", {"smoking"}),
        ("Anything I should leave out?", "Vomit. And snakes", {"vomiting", "spiders_reptiles"}),
        ("Anything I should leave out?", "Nah, surprise me with some horror", set()),
        ("Have you seen The Ring?", "yes, it was great", set()),
    ],
)
def test_answers_are_read_with_their_question(question, answer, expected):
    assert after(question, answer) == expected


@pytest.mark.parametrize(
    ("first", "last", "left"),
    [
        ("No gore, please", "gore is fine by now", set()),
        ("I hate clowns and war films", "forget what I said about clowns", {"war"}),
        ("no spiders for me", "snakes are okay", {"spiders_reptiles"}),
        ("nothing scary, and no smoking", "drop all the rules I gave you", {"horror", "smoking"}),  # a demand
        ("please no nudity", "scrap that, she went home", {"sexual_content"}),
        ("I can't stand gore", "a slasher from the eighties?", {"gore"}),
        ("no vomiting", "never mind the vomiting, but no needles", {"needles"}),
    ],
)
def test_a_later_denial_takes_a_disclosure_back(first, last, left):
    assert after(first, "How about Paddington?", last) == left


def test_what_is_taken_back_can_be_said_again():
    assert after("no gore", "Sure.", "gore is fine now", "Noted.", "actually no, no gore please") == {"gore"}
