"""The interface of rankers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from safecrs.slates.base import Request, Slate


class Ranker(Protocol):
    """Maps requests to slates of at most ``k`` items, best first."""

    name: str

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
