"""Training conversations: who says what, which items they name, and which of them are suggested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from safecrs.conversation import Message


@dataclass(frozen=True, slots=True)
class Turn:
    """A message, the catalog rows that it names, and those that it suggests and nobody named before."""

    message: Message
    named: tuple[int, ...] = ()
    suggested: tuple[int, ...] = ()


Talk = Sequence[Turn]


def moments(talk: Talk) -> Iterator[tuple[list[Turn], Turn]]:
    """Each turn that suggests something, with the turns before it."""
    for at, turn in enumerate(talk):
        if turn.suggested:
            yield list(islice(talk, at)), turn
