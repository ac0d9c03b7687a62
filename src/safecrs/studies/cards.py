"""What an evaluation found, added to the card of the model it measured."""

from __future__ import annotations

from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.evaluation.results import Evaluation
from safecrs.recommenders.manifest import MANIFEST, Manifest
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Estimate
from safecrs.training.runs.model_card import Measured, TestResults, write_card
from safecrs.training.runs.record import RECORD, read_record
from safecrs.training.stages import STAGES


def write_model_card(run: Path, evaluation: Evaluation | None = None, name: str | None = None) -> Path:
    """Write the card of a finished run's model anew, with its rows of an evaluation; returns the file.

    Args:
        name: what the evaluation calls the model, by itself or before a " + "; its stage's name by default.

    Raises:
        SafecrsError: the run is not finished, or the evaluation knows no such model.
    """
    record = read_record(run / RECORD)
    model = run / "model"
    if not model.is_dir():
        raise SafecrsError(f"{run} has no model yet: give the command that trains it again.")
    if not (model / MANIFEST).is_file():  # a run of safecrs 0.1
        Manifest.of_model(reasons=record.reasons).write(model)
    if evaluation is None:
        return write_card(run, model)
    called = name or STAGES.get(record.stage, record.stage)
    rows = {
        system.name: [
            Measured(metric.name.format(k=evaluation.k), *_ends(system.metrics[metric.id]))
            for metric in METRICS
        ]
        for system in evaluation.systems
        if system.label.ranker == called
    }
    if not rows:
        known = dict.fromkeys(system.label.ranker for system in evaluation.systems)
        raise SafecrsError(
            f"The evaluation has no system called {called!r}: choose among {', '.join(known)}."
        )
    tests = TestResults(evaluation.card.name, evaluation.split, evaluation.samples, rows)
    return write_card(run, model, tests)


def _ends(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return estimate.value, estimate.low, estimate.high
