"""A metric: a numerator and a denominator per conversation, so that any resampling is a sum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safecrs.scoring.scored import ScoredSlates

Parts = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Numerators and denominators, both float64 [n]; the metric is Σ numerators / Σ denominators."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What is measured.

    Attributes:
        id: the key in results: "recall".
        name: what tables call it; ``{k}`` stands for the cut-off.
        parts: what each conversation adds. A mean over conversations has denominator 1, a share of items
            has the number of items; conversations that do not count have denominator 0.
        better: "higher", "lower", or "" when neither end is good in itself.
        formula: the definition, for the report.
        percent: shown as a percentage.
        most: the greatest value it can take at a cut-off.
    """

    id: str
    name: str
    parts: Callable[[ScoredSlates], Parts]
    better: str
    formula: str
    percent: bool = False
    most: Callable[[int], float] = lambda _: 1.0

    def value(self, judged: ScoredSlates) -> float:
        """The metric over all conversations; NaN when none counts."""
        numerator, denominator = self.parts(judged)
        total = denominator.sum()
        return float(numerator.sum() / total) if total else float("nan")


def constrained_share(judged: ScoredSlates, what: NDArray[np.bool_], among: NDArray[np.bool_]) -> Parts:
    """``what`` as a share of ``among``, both bool [n, k], over conversations with a constraint."""
    counts = judged.constrained[:, None]
    return (what & among & counts).sum(axis=1).astype(np.float64), (among & counts).sum(axis=1).astype(
        np.float64
    )
