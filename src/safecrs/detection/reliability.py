"""Whether the probabilities of disclosures mean what they say: expected calibration error and Brier score."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

_BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Disclosures with a probability in (``low``, ``high``]: how many, their mean, and how many are right."""

    low: float
    high: float
    count: int
    stated: float
    right: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """Over what was reported; what the detector abstains from has no probability and counts nowhere here.

    Attributes:
        count: disclosures.
        ece: expected calibration error, Σ count·|right/count − stated| / Σ count over ten equal bins.
        brier: mean of (probability − right)².
        bins: those that hold anything.
    """

    count: int
    ece: float
    brier: float
    bins: tuple[Bin, ...]


def reliability(stated: Iterable[tuple[float, bool]]) -> Reliability:
    """From (probability, whether it was right) of each disclosure; all zeros of nothing."""
    pairs = list(stated)
    if not pairs:
        return Reliability(0, 0.0, 0.0, ())
    probability = np.array([value for value, _ in pairs], dtype=np.float64)
    right = np.array([truth for _, truth in pairs], dtype=np.float64)
    place = np.clip(np.ceil(probability * _BINS).astype(int) - 1, 0, _BINS - 1)
    bins = tuple(
        Bin(
            low=number / _BINS,
            high=(number + 1) / _BINS,
            count=int(inside.sum()),
            stated=float(probability[inside].mean()),
            right=int(right[inside].sum()),
        )
        for number in range(_BINS)
        if (inside := place == number).any()
    )
    return Reliability(
        count=len(pairs),
        ece=_ece(bins),
        brier=float(((probability - right) ** 2).mean()),
        bins=bins,
    )


def _ece(bins: Sequence[Bin]) -> float:
    total = sum(each.count for each in bins)
    return sum(abs(each.right - each.count * each.stated) for each in bins) / total
