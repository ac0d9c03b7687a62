"""Recall@K: the share of what the person liked that the slate names."""

from __future__ import annotations

import numpy as np

from safecrs.scoring.metrics.base import Metric, Parts
from safecrs.scoring.scored import ScoredSlates


def _parts(judged: ScoredSlates) -> Parts:
    return judged.hit.sum(axis=1) / np.maximum(judged.relevant, 1), (judged.relevant > 0).astype(np.float64)


recall = Metric(
    "recall",
    "Recall@{k}",
    _parts,
    "higher",
    "hits in the top K / ground-truth items, mean over conversations (SafeCRS)",
)
