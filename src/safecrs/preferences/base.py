"""The preferences that a conversation states, as rankers and people read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from safecrs.catalog import Listed

Facet = Listed | Literal["years", "runtime", "audience", "fame", "text"]
"""What a preference is about. "fame" is how well known an item is; "text" is a description that no vocabulary
holds."""

Firmness = Literal["must", "rather", "rather not", "never"]
"""How firmly it is wanted. An item that fails a "must" or meets a "never" is not what was asked for."""

Role = Literal["liked", "disliked", "seen", "more"]
"""What a named item is to the person; "more" is one that they ask for more of ("like Big Fish")."""


@dataclass(frozen=True, slots=True)
class Preference:
    """One wish and the words that state it: ``conversation[message].content[start:end]``.

    Attributes:
        values: any of these meets the wish: values of the catalog's vocabulary of a listed facet; for
            "audience" kids, family, teens, general, adults; for "fame" known, classic, hidden; for "text"
            the words.
        low, high: for "years" and "runtime" (minutes) the bounds, inclusive; None is open.
    """

    facet: Facet
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    firmness: Firmness = "rather"
    message: int = 0
    start: int = 0
    end: int = 0
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Named:
    """An item that the person names; ``row`` is −1 where the catalog does not hold it."""

    title: str = field(repr=False)
    row: int
    role: Role
    message: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Preferences:
    """What is understood of a request; what a later turn withdraws or replaces is left out.

    Attributes:
        stated: in the order of the conversation.
        named: items that the user names, each once, with its last role.
        count: how many items are asked for.
        unmeant: rows whose titles occur in the text as other words ("I am from Brazil").
        not_understood: parts of the last user message that seem to ask for something and were not understood.
    """

    stated: tuple[Preference, ...] = ()
    named: tuple[Named, ...] = ()
    count: int | None = None
    not_understood: tuple[str, ...] = field(default=(), repr=False)
    unmeant: frozenset[int] = frozenset()

    @property
    def must(self) -> tuple[Preference, ...]:
        """The wishes that every item of the slate has to meet."""
        return tuple(wish for wish in self.stated if wish.firmness in ("must", "never"))

    def rows(self, *roles: Role) -> tuple[int, ...]:
        """Catalog rows of the named items with one of these roles, in order."""
        return tuple(item.row for item in self.named if item.role in roles and item.row >= 0)
