"""Reading a message takes linear time, whatever it repeats."""

from __future__ import annotations

import random
import re
import time
from itertools import chain

import pytest

from safecrs.conversation import Message
from safecrs.detection import detect_traits, load_lexicon
from safecrs.detection.cues import CueMatcher
from safecrs.detection.tokens import tokenise
from safecrs.taxonomy import load_taxonomy

FILM = load_taxonomy("film").assigned
LEXICON = load_lexicon()
CUES = [
    *chain.from_iterable(cues for entry in LEXICON.traits.values() for cues in entry.cues.values()),
    *chain.from_iterable(
        (*LEXICON.triggers.values(), *LEXICON.strengths.values(), *LEXICON.company.values())
    ),
]
KNOWN = [
    "my ", "i ", "not ok for kids fear\nid my sponsor ", "no Aa Aa ", "ivf ", "ex ivf ", "they ", "no gore ",
    "gore at all ", "gore, ", "Saw hid in ", "my kid ivf aa ", "a film about ", "7 ", "# ", "🕷 ", "\n", "” ",
    "a’", "Aa. ", "  ",
]  # fmt: skip


def drawn(number: int) -> list[str]:
    """Short units of lexicon words and cues, as a search for slow messages would try them."""
    rng = random.Random(number)
    words = [sorted(words, key=len) for words in LEXICON.classes.values()]

    def piece() -> str:
        if rng.random() < 0.6:
            return rng.choice(rng.choice(words)[:20])
        cue = re.sub(r"\(([^()]*)\)\??", lambda found: rng.choice(found[1].split("|")), rng.choice(CUES))
        cue = re.sub(r"@(\w+)", lambda found: rng.choice(sorted(LEXICON.classes[found[1]])), cue)
        return re.sub(r"[~*?#]", "", cue)

    return [
        "".join(piece() + rng.choice([" ", " ", ", ", ". ", "\n"]) for _ in range(rng.randint(1, 4)))
        for _ in range(number)
    ]


def seconds(unit: str, length: int) -> float:
    message = Message(role="user", content=(unit * (length // len(unit) + 1))[:length])

    def once() -> float:
        start = time.process_time()
        detect_traits((message,), FILM)
        return time.process_time() - start

    return min(once(), once())


@pytest.mark.parametrize("unit", KNOWN)
def test_time_doubles_at_most_with_the_length(unit):
    detect_traits((Message(role="user", content=unit * 50),), FILM)
    ten, twenty, forty = (seconds(unit, length) for length in (10_000, 20_000, 40_000))
    assert twenty < 3 * ten + 0.03
    assert forty < 3 * twenty + 0.03


def test_the_longest_conversation_is_read_at_once():
    slowest = max((seconds(unit, 50_000), unit) for unit in [*KNOWN, *drawn(25)])
    assert slowest[0] < 1.5, slowest


def test_the_matcher_forgets_what_it_cached(monkeypatch):
    monkeypatch.setattr("safecrs.detection.cues._MAX_CACHED", 5)
    small = CueMatcher([("no ~ (gore|blood)", "a"), ("gore*", "b")], {})
    for _ in range(3):
        matches = small.find(tokenise("no more gore, no blood at all, gory no gorehounds"))
        assert [(match.start, match.end, match.label) for match in matches] == [
            (0, 5, "a"), (2, 3, "b"), (3, 5, "a"), (9, 10, "b"),
        ]  # fmt: skip
    assert len(small._states) <= 6
