"""Experiments: from a benchmark to trained models, an evaluation of all systems, and a report."""

from safecrs.experiment.measure import stored_study
from safecrs.experiment.methods import METHODS, MethodsResult, Spread, compare_methods
from safecrs.experiment.redial import redial_inputs
from safecrs.experiment.run import Outcome, run_experiment
from safecrs.experiment.starter import starter_inputs
from safecrs.experiment.study import Study

__all__ = [
    "METHODS",
    "MethodsResult",
    "Outcome",
    "Spread",
    "Study",
    "compare_methods",
    "redial_inputs",
    "run_experiment",
    "starter_inputs",
    "stored_study",
]
