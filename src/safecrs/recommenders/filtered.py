"""Any policy, followed by the oracle: what is unsafe for this user does not pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from safecrs.errors import SafecrsError
from safecrs.recommenders.base import Ranker
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.oracle import Oracle

Unknown = Literal["allow", "exclude"]


class FilteredRanker:
    """Asks ``inner`` for more than k, drops what the constraints forbid and keeps the order.

    A request that is left with fewer than k is asked again for ``overgenerate`` times more, as long as
    ``inner`` delivers all it is asked for. A language model stops where it stops: its slate may end up short.

    Args:
        unknown: what to do with items on which the oracle has no verdict, or which its catalog does not
            hold: they may be unsafe.

    Raises:
        SafecrsError: a constraint is not a trait of the oracle's taxonomy (when recommending).
    """

    def __init__(
        self,
        inner: Ranker,
        oracle: Oracle,
        unknown: Unknown = "allow",
        *,
        overgenerate: int = 4,
        name: str | None = None,
    ) -> None:
        if overgenerate < 2:
            raise SafecrsError("The filter must ask for at least twice as many items as it shows.")
        self.inner, self.oracle, self.unknown, self.overgenerate = inner, oracle, unknown, overgenerate
        self.name = name or f"{inner.name} + filter"

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        slates: list[Slate] = [[] for _ in requests]
        waiting = list(range(len(requests)))
        asked = k
        while waiting:
            asked *= self.overgenerate
            offers = self.inner.recommend([requests[index] for index in waiting], asked)
            again: list[int] = []
            for index, offer in zip(waiting, offers, strict=True):
                slates[index] = self._safe(offer, requests[index])[:k]
                if len(slates[index]) < k and len(offer) == asked:
                    again.append(index)
            waiting = again
        return slates

    def _safe(self, slate: Slate, request: Request) -> Slate:
        blocked = self.oracle.unsafe(request.constraints)
        if self.unknown == "exclude":
            blocked = blocked | self.oracle.unknown(request.constraints)
            return [item for item in slate if item.row >= 0 and not blocked[item.row]]
        return [item for item in slate if item.row < 0 or not blocked[item.row]]
