"""Evaluation: slates → metrics with intervals, paired tests, report. Knows no model."""

from safecrs.evaluation.adversarial import Challenged, challenge
from safecrs.evaluation.evaluate import BLOCK, Measured, System, evaluate, measure, requests_for
from safecrs.evaluation.judged import NO_ITEM, Judged, judge_slates
from safecrs.evaluation.metrics import METRICS, Metric
from safecrs.evaluation.results import (
    ConstraintsFrom,
    Evaluation,
    SystemResult,
    load_evaluation,
    save_evaluation,
)
from safecrs.evaluation.statistics import Clusters, Comparison, Estimate

__all__ = [
    "BLOCK",
    "METRICS",
    "NO_ITEM",
    "Challenged",
    "Clusters",
    "Comparison",
    "ConstraintsFrom",
    "Estimate",
    "Evaluation",
    "Judged",
    "Measured",
    "Metric",
    "System",
    "SystemResult",
    "challenge",
    "evaluate",
    "judge_slates",
    "load_evaluation",
    "measure",
    "requests_for",
    "save_evaluation",
]
