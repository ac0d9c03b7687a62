"""Any ranker, followed by the oracle's filter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.oracle import Oracle
from safecrs.recommenders.base import Ranked, Ranker, SelectingRanker
from safecrs.slates.base import K, Recommendation, Request, Slate

Unknown = Literal["allow", "exclude"]
"""Whether items without a verdict (the oracle's, or items outside its catalog) may be recommended."""
_OVERGENERATE = 4


def blocked_rows(oracle: Oracle, constraints: Mapping[str, float], unknown: Unknown) -> NDArray[np.bool_]:
    """The rows that the constraints forbid, [items]: unsafe ones, and those without a verdict if excluded."""
    unsafe = oracle.unsafe(constraints)
    return unsafe | oracle.unknown(constraints) if unknown == "exclude" else unsafe


class FilteredRanker:
    """Asks ``inner`` for 4 k items and drops forbidden, seen and repeated ones, in order.

    A `SelectingRanker` is told what is forbidden instead: it relaxes a wish that no safe item meets. A
    request that is left with fewer than k items is asked again for 4 times as many, as long as ``inner``
    returns as many as it is asked for. A language model returns the list it wrote: its slate may be shorter.
    """

    def __init__(self, inner: Ranker, oracle: Oracle, unknown: Unknown = "allow") -> None:
        self.inner, self.oracle, self.unknown = inner, oracle, unknown
        self.name = f"{inner.name} + filter"

    def recommend(self, requests: Sequence[Request], k: int = K) -> list[Slate]:
        """One slate per request, in order."""
        if isinstance(self.inner, SelectingRanker):
            return [self.rank(request, k).slate for request in requests]
        slates: list[Slate] = [[] for _ in requests]
        waiting = list(range(len(requests)))
        asked = k
        while waiting:
            asked *= _OVERGENERATE
            offers = self.inner.recommend([requests[index] for index in waiting], asked)
            for index, offer in zip(waiting, offers, strict=True):
                slates[index] = self._allowed(offer, requests[index])[:k]
            waiting = [
                index
                for index, offer in zip(waiting, offers, strict=True)
                if len(slates[index]) < k and len(offer) == asked
            ]
        return slates

    def rank(self, request: Request, k: int = K) -> Ranked:
        """The slate of a request; where ``inner`` says why and what it relaxed, that too."""
        if not isinstance(self.inner, SelectingRanker):
            return Ranked(self.recommend([request], k)[0])
        return self.inner.rank(request, k, blocked_rows(self.oracle, request.constraints, self.unknown))

    def _allowed(self, slate: Slate, request: Request) -> Slate:
        blocked = blocked_rows(self.oracle, request.constraints, self.unknown)
        kept: dict[object, Recommendation] = {}
        for item in slate:
            if item.row >= 0:
                if not blocked[item.row] and item.row not in request.seen:
                    kept.setdefault(item.row, item)
            elif self.unknown == "allow":
                kept.setdefault((item.title.casefold(), item.year), item)
        return list(kept.values())
