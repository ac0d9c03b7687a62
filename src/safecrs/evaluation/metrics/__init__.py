"""The metrics of SafeRec, one definition a file; all are ratios of sums over conversations."""

from safecrs.benchmark.discounts import discounts
from safecrs.evaluation.metrics.base import Metric
from safecrs.evaluation.metrics.lists import length, repeats, validity
from safecrs.evaluation.metrics.ndcg import ndcg
from safecrs.evaluation.metrics.recall import recall
from safecrs.evaluation.metrics.sdcg import sdcg
from safecrs.evaluation.metrics.svr import svr, svr_known, svr_worst, unknown

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
