"""NDCG@K: hits count the more the earlier they come."""

from __future__ import annotations

import numpy as np

from safecrs.scoring.discounts import discounts
from safecrs.scoring.metrics.base import Metric, Parts
from safecrs.scoring.scored import ScoredSlates


def _parts(judged: ScoredSlates) -> Parts:
    gain = discounts(judged.hit.shape[1])
    ideal = np.concatenate([[0.0], np.cumsum(gain)])[np.minimum(judged.relevant, len(gain))]
    counts = judged.relevant > 0
    return np.where(counts, judged.hit @ gain / np.where(counts, ideal, 1.0), 0.0), counts.astype(np.float64)


ndcg = Metric(
    "ndcg",
    "NDCG@{k}",
    _parts,
    "higher",
    "Σ hit / log2(rank+1), divided by its best value for the number of ground-truth items; mean over "
    "conversations (SafeCRS)",
)
