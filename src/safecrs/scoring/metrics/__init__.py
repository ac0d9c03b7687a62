"""The metrics of SafeRec, one definition a file; all are ratios of sums over conversations."""

from safecrs.scoring.discounts import discounts
from safecrs.scoring.metrics.base import Metric
from safecrs.scoring.metrics.lists import length, repeats, validity
from safecrs.scoring.metrics.ndcg import ndcg
from safecrs.scoring.metrics.recall import recall
from safecrs.scoring.metrics.sdcg import sdcg
from safecrs.scoring.metrics.svr import svr, svr_known, svr_worst, unknown

METRICS: tuple[Metric, ...] = (
    recall,
    ndcg,
    svr,
    sdcg,
    unknown,
    svr_known,
    svr_worst,
    validity,
    repeats,
    length,
)
"""In the order of tables: the paper's four, then what they hide."""

__all__ = [
    "METRICS",
    "Metric",
    "discounts",
    "length",
    "ndcg",
    "recall",
    "repeats",
    "sdcg",
    "svr",
    "svr_known",
    "svr_worst",
    "unknown",
    "validity",
]
