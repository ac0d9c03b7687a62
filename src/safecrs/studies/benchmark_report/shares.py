"""Shares with their intervals, as they are stored and shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import BaseModel, ConfigDict


class Facts(BaseModel):
    """Measured facts: frozen, and strict about their fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ShareFact(Facts):
    """``hits`` of ``total`` and the 95 % Wilson interval of the share; value None of nothing."""

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
        from scipy.stats import binomtest

        interval = binomtest(hits, total).proportion_ci(method="wilson")
        return cls(
            hits=hits, total=total, value=hits / total, low=float(interval.low), high=float(interval.high)
        )

    @classmethod
    def count(cls, right: Iterable[bool]) -> ShareFact:
        """How many are true."""
        values = list(right)
        return cls.of(sum(values), len(values))

    @property
    def point(self) -> tuple[float, float, float] | None:
        """Value and bounds in percent, as charts draw them; None of nothing."""
        return None if self.value is None else (100 * self.value, 100 * self.low, 100 * self.high)

    @property
    def cell(self) -> tuple[str, str]:
        """Value and interval, as tables show them: ("98.2 %", "95.6, 99.3"); ("–", "") of nothing."""
        if self.value is None:
            return "–", ""
        return f"{100 * self.value:.1f} %", f"{100 * self.low:.1f}, {100 * self.high:.1f}"


class PrecisionRecall(Facts):
    """Of what was found, how much is true; of what is true, how much was found."""

    precision: ShareFact
    recall: ShareFact

    @classmethod
    def of(cls, pairs: Sequence[tuple[bool, bool]]) -> PrecisionRecall:
        """From (true, found) pairs."""
        return cls(
            precision=ShareFact.count(true for true, found in pairs if found),
            recall=ShareFact.count(found for true, found in pairs if true),
        )
