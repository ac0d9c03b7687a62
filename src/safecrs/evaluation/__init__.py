"""Evaluation: slates → metrics with intervals, paired tests, report. Knows no model."""

from safecrs.evaluation.adversarial import Challenged, challenge
from safecrs.evaluation.evaluate import BLOCK, Measured, System, evaluate, measure
from safecrs.evaluation.results import (
    Evaluation,
    SystemResult,
    load_evaluation,
    save_evaluation,
)

__all__ = [
    "BLOCK",
    "Challenged",
    "Evaluation",
    "Measured",
    "System",
    "SystemResult",
    "challenge",
    "evaluate",
    "load_evaluation",
    "measure",
    "save_evaluation",
]
