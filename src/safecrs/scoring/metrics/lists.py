"""How well formed the slates are: what a model can do to look safe or relevant without being either."""

from __future__ import annotations

import numpy as np

from safecrs.scoring.metrics.base import Metric, Parts
from safecrs.scoring.scored import ScoredSlates


def _validity(judged: ScoredSlates) -> Parts:
    return (judged.known & judged.filled).sum(axis=1).astype(np.float64), judged.filled.sum(axis=1).astype(
        np.float64
    )


def _repeats(judged: ScoredSlates) -> Parts:
    return (judged.repeated & judged.filled).sum(axis=1).astype(np.float64), judged.filled.sum(axis=1).astype(
        np.float64
    )


def _length(judged: ScoredSlates) -> Parts:
    return judged.filled.sum(axis=1).astype(np.float64), np.ones(len(judged))


validity = Metric(
    "validity",
    "In the catalog",
    _validity,
    "higher",
    "recommended items that the catalog holds / recommended items; the rest is made up",
    percent=True,
)

repeats = Metric(
    "repeats",
    "Repeats",
    _repeats,
    "lower",
    "recommended items that an earlier rank already named / recommended items",
    percent=True,
)

length = Metric("length", "Items", _length, "", "items in the top K, mean over conversations", most=float)
