"""The interfaces of rankers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from safecrs.preferences import Facet, Preference
from safecrs.slates.base import K, Request, Slate


class Ranker(Protocol):
    """Maps requests to slates of at most ``k`` items, best first."""

    name: str

    def recommend(self, requests: Sequence[Request], k: int = K) -> list[Slate]:
        """One slate per request, in order."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a suggestion, in the user's terms.

    Attributes:
        kind: "asked": it has what was asked for; "like": it shares ``values`` with the named item in
            ``row``, or the same people like both (no values); "known": many people like it.
        low, high: bounds that were asked for.
    """

    kind: Literal["asked", "like", "known"]
    facet: Facet | None = None
    values: tuple[str, ...] = ()
    row: int = -1
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """A slate, the musts of the request relaxed since no item meets all, and each item's reasons."""

    slate: Slate
    relaxed: tuple[Preference, ...] = field(default=(), repr=False)
    reasons: tuple[tuple[Reason, ...], ...] = field(default=(), repr=False)


@runtime_checkable
class SelectingRanker(Ranker, Protocol):
    """A ranker that selects what a request insists on and may be recommended, and says why."""

    def rank(self, request: Request, k: int = K, blocked: NDArray[np.bool_] | None = None) -> Ranked:
        """The slate of a request without the ``blocked`` rows, bool [items]."""
