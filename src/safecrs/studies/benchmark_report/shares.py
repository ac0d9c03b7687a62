"""Shares with their intervals, as they are stored and shown."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from safecrs.detection.measure import Share


class ShareFact(BaseModel):
    """``hits`` of ``total`` and the 95 % Wilson interval of the share; value None of nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hits: int
    total: int
    value: float | None
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, total: int) -> ShareFact:
        """That many of so many."""
        share = Share(hits, total)
        low, high = share.interval
        return cls(hits=hits, total=total, value=share.value if total else None, low=low, high=high)

    @classmethod
    def count(cls, right: Iterable[bool]) -> ShareFact:
        """How many are true."""
        values = list(right)
        return cls.of(sum(values), len(values))

    def cell(self) -> str:
        """ "98.2 % [95.6, 99.3]", "–" of nothing."""
        if self.value is None:
            return "–"
        return f"{100 * self.value:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


class PrecisionRecall(BaseModel):
    """Of what was found, how much is true; of what is true, how much was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    precision: ShareFact
    recall: ShareFact

    @classmethod
    def of(cls, pairs: Iterable[tuple[bool, bool]]) -> PrecisionRecall:
        """From (true, found) pairs."""
        held = list(pairs)
        both = sum(true and found for true, found in held)
        return cls(
            precision=ShareFact.of(both, sum(found for _, found in held)),
            recall=ShareFact.of(both, sum(true for true, _ in held)),
        )


def percent(part: int, whole: int) -> str:
    """A share of a count that is complete, hence without an interval; "–" of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
