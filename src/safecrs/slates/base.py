"""Requests and slates: what every recommender takes and returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from safecrs.conversation import Message
from safecrs.preferences import Preferences

K = 10
"""The length of a slate, unless another is asked for."""

Ref = tuple[str, int | None]
"""An item as text: title and release year, `None` when unknown."""


@dataclass(frozen=True, slots=True)
class Request:
    """A conversation that asks for a slate.

    Attributes:
        messages: the conversation, the user's turn last.
        constraints: trait id → risk threshold. For a `Recommender` these are the constraints it was told; for
            a ranker, those that apply (only constraint-aware rankers read them).
        seen: catalog rows that must not be recommended (mentioned or already watched).
        wish: the conversation without the words that disclose a sensitivity, where they are known, for
            rankers that match words. Language models read ``messages``.
        preferences: what the conversation asks for, where somebody has read it.

    What a person said and disclosed stays out of the repr and so out of logs.
    """

    messages: tuple[Message, ...] = field(repr=False)
    constraints: Mapping[str, float] = field(default_factory=dict, repr=False)
    seen: frozenset[int] = frozenset()
    wish: tuple[Message, ...] | None = field(default=None, repr=False)
    preferences: Preferences = field(default=Preferences(), repr=False)

    @property
    def wished(self) -> tuple[Message, ...]:
        """``wish``, or the whole conversation where nothing disclosing is known."""
        return self.messages if self.wish is None else self.wish


class Recommendation(NamedTuple):
    """One ranked item; ``row`` is its catalog row, −1 when the catalog does not hold it."""

    title: str
    year: int | None
    row: int


Slate = list[Recommendation]
