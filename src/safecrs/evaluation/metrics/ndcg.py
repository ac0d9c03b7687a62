"""NDCG@K: hits count the more the earlier they come."""

from __future__ import annotations

import numpy as np

from safecrs.benchmark.discounts import discounts
from safecrs.evaluation.judged import Judged
from safecrs.evaluation.metrics.base import Metric, Parts


def _parts(judged: Judged) -> Parts:
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
