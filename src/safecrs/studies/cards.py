"""What an evaluation measured, added to the card of the model it measured."""

from __future__ import annotations

from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.evaluation.results import Evaluation
from safecrs.recommenders.manifest import MANIFEST, Manifest
from safecrs.scoring.metrics import METRICS
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.runs.manifest import read_manifest
from safecrs.training.runs.model_card import TestResults, write_card


def write_model_card(run: Path, evaluation: Evaluation | None = None, name: str | None = None) -> Path:
    """Write the card of a finished run's model anew, with its rows of an evaluation; returns the file.

    Args:
        name: the model's name in the evaluation; its objective's by default.
    """
    manifest = read_manifest(run)
    model = run / "model"
    if not model.is_dir():
        raise SafecrsError(f"{run} has no model yet: give the command that trains it again.")
    if not (model / MANIFEST).is_file():  # a run of safecrs 0.1
        Manifest.of_model(reasons=manifest.reasons).write(model)
    if evaluation is None:
        return write_card(run, model)
    objective = OBJECTIVES.get(manifest.stage)
    name = name or (objective.name if objective else manifest.stage)
    rows = {
        system.name: [
            (metric.name.format(k=evaluation.k), estimate.value, estimate.low, estimate.high)
            for metric in METRICS
            for estimate in (system.metrics[metric.id],)
        ]
        for system in evaluation.systems
        if system.label.ranker == name
    }
    if not rows:
        known = dict.fromkeys(system.label.ranker for system in evaluation.systems)
        raise SafecrsError(f"The evaluation has no system called {name!r}: choose among {', '.join(known)}.")
    return write_card(
        run, model, TestResults(evaluation.card.name, evaluation.split, evaluation.samples, rows)
    )
