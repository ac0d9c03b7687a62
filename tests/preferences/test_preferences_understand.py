"""What `understand` hears, on sentences labelled by hand (``labelled.txt``) and on any text."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from preferences.small_catalog import small_catalog

from safecrs.conversation import Message, conversation
from safecrs.preferences import Preferences, question, understand

LINES = (Path(__file__).parent / "labelled.txt").read_text(encoding="utf-8").splitlines()
LABELLED = [line.partition("=>")[::2] for line in LINES if line and line[0] != "#"]
SHORT = {"must": "M", "rather": "R", "rather not": "r", "never": "N"}


def messages(said: str) -> tuple[Message, ...]:
    turns = [turn.strip().replace("\\n", "\n") for turn in said.split(" || ")]
    return conversation(
        [{"role": "user" if n % 2 == 0 else "assistant", "content": turn} for n, turn in enumerate(turns)]
    )


def heard(said: str, **options) -> Preferences:
    return understand(messages(said), small_catalog(), today=2026, **options)


def written(preferences: Preferences) -> set[str]:
    """What was understood, in the form of the labels."""
    found = set()
    for wish in preferences.stated:
        span = f"{wish.low or ''}..{wish.high or ''}" if wish.facet in ("years", "runtime") else "|".join(wish.values)
        found.add(f"{SHORT[wish.firmness]} {wish.facet} {span}")
    for item in preferences.named:
        found.add(f"{item.role} {item.title}{'' if item.row >= 0 else '?'}")
    if preferences.count:
        found.add(f"x{preferences.count}")
    unknown = {item.title for item in preferences.named if item.row < 0}
    texts = {wish.text for wish in preferences.stated if wish.facet == "text"}
    return found | {f"? {words}" for words in preferences.not_understood if words not in unknown | texts}


@pytest.mark.parametrize(("said", "label"), LABELLED, ids=[said.strip() for said, _ in LABELLED])
def test_what_people_say_is_understood(said, label):
    assert written(heard(said)) == {part.strip() for part in label.split(";") if part.strip()}


def test_there_are_many_sentences():
    assert len(LABELLED) >= 150
