"""Shares with their intervals, as they are stored and shown."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

_Z = 1.959964


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
        if not total:
            return cls(hits=0, total=0, value=None, low=0.0, high=1.0)
        p, around = hits / total, 1 + _Z**2 / total
        centre = (p + _Z**2 / (2 * total)) / around
        half = _Z * ((p * (1 - p) + _Z**2 / (4 * total)) / total) ** 0.5 / around
        return cls(hits=hits, total=total, value=p, low=max(0.0, centre - half), high=min(1.0, centre + half))

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
