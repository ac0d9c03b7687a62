"""Any ranker, followed by the oracle's filter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.recommenders.base import Ranker
from safecrs.slates.base import K, Recommendation, Request, Slate

Unknown = Literal["allow", "exclude"]
"""Whether items that the oracle has no verdict on, or that its catalog does not hold, may be recommended."""


class FilteredRanker:
    """Asks ``inner`` for more than k items and drops forbidden, seen and repeated ones, in order.

    A request that is left with fewer than k items is asked again for ``overgenerate`` times as many, as long
    as ``inner`` returns as many as it is asked for. A language model returns what it wrote: its slate may
    end up short.
    """

    def __init__(
        self, inner: Ranker, oracle: Oracle, unknown: Unknown = "allow", *, overgenerate: int = 4
    ) -> None:
        if overgenerate < 2:
            raise SafecrsError("The filter must ask for at least twice as many items as it shows.")
        self.inner, self.oracle, self.unknown, self.overgenerate = inner, oracle, unknown, overgenerate
        self.name = f"{inner.name} + filter"

    def recommend(self, requests: Sequence[Request], k: int = K) -> list[Slate]:
        """One slate per request, in order."""
        slates: list[Slate] = [[] for _ in requests]
        waiting = list(range(len(requests)))
        asked = k
        while waiting:
            asked *= self.overgenerate
            offers = self.inner.recommend([requests[index] for index in waiting], asked)
            again: list[int] = []
            for index, offer in zip(waiting, offers, strict=True):
                slates[index] = self._allowed(offer, requests[index])[:k]
                if len(slates[index]) < k and len(offer) == asked:
                    again.append(index)
            waiting = again
        return slates

    def _allowed(self, slate: Slate, request: Request) -> Slate:
        blocked = self.oracle.unsafe(request.constraints)
        if self.unknown == "exclude":
            blocked = blocked | self.oracle.unknown(request.constraints)
        kept: dict[object, Recommendation] = {}
        for item in slate:
            if item.row >= 0:
                if not blocked[item.row] and item.row not in request.seen:
                    kept.setdefault(item.row, item)
            elif self.unknown == "allow":
                kept.setdefault((item.title.casefold(), item.year), item)
        return list(kept.values())
