"""Which checkpoint becomes the model: the best one on the validation split.

Candidates are the trainer's checkpoints (``save_steps``, or ``save_strategy = "epoch"``). Each answers the
same conversations of the validation split; the metrics are in the run's log as ``validation/…``. Chosen is
the highest Recall@10 among those whose SVR@10 is at most the ceiling, else the lowest SVR@10; ties by
NDCG@10, then the earlier one.

Everything is decided from files: a checkpoint is validated once it is complete on disk, and a run that is
killed in between validates it when it is resumed. Validation leaves the trainer's random state as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import MODEL_FILES
from safecrs.training.runs.log import Entry

VALIDATION = "validation/"
RECALL, NDCG, SVR = (f"{VALIDATION}{name}@10" for name in ("recall", "ndcg", "svr"))
SELECTED = "selected"
"""Logged at the end: the step of the checkpoint that became the model."""
LOW, HIGH = "/low", "/high"
"""Ends of an interval, after the name of what it belongs to."""
_NOT_MODEL = {"trainer_state.json"}


class SelectionSettings(BaseModel, frozen=True, extra="forbid"):
    """The table ``[selection]`` of a preset.

    Attributes:
        samples: conversations of the validation split that each checkpoint answers, the same for all; 0 takes
            the last checkpoint without validation.
        svr_ceiling: the SVR that the chosen checkpoint should not exceed; none applies to training without
            safety.
        decoding: how the model will be used: "free", or "constrained" by the oracle, where nothing violates.
    """

    samples: int = Field(default=128, ge=0)
    svr_ceiling: float = Field(default=0.05, ge=0, le=1)
    decoding: Literal["free", "constrained"] = "free"


@dataclass(frozen=True, slots=True)
class Validation:
    """How checkpoints are compared.

    Attributes:
        measure: takes model and tokenizer, in every process; returns metrics by name: "recall@10", "ndcg@10",
            "svr@10" (absent where nothing could violate), further ones to watch, and "<name>/low", "/high".
        svr_ceiling: `None` means no ceiling.
        record: everything that decides what ``measure`` returns, for the run's manifest.
    """

    measure: Callable[[Any, Any], Mapping[str, float]]
    svr_ceiling: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)


def candidates(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of checkpoints that were validated."""
    return [entry for entry in entries if RECALL in entry]


def choose(entries: Sequence[Entry], svr_ceiling: float | None) -> Entry | None:
    """The best of the validated checkpoints; None when there is none."""
    return max(candidates(entries), key=lambda entry: _merit(entry, svr_ceiling), default=None)


def selected(entries: Sequence[Entry], svr_ceiling: float | None) -> Entry | None:
    """What became the model, or would if training ended now."""
    steps = [entry[SELECTED] for entry in entries if SELECTED in entry]
    if not steps:
        return choose(entries, svr_ceiling)
    return next((entry for entry in candidates(entries) if entry["step"] == steps[-1]), None)


def _merit(entry: Entry, svr_ceiling: float | None) -> tuple[float, ...]:
    # A checkpoint without SVR listed no item that could violate: no reason to prefer it.
    svr = entry.get(SVR, float("inf"))
    under = svr_ceiling is None or svr <= svr_ceiling
    rest = (entry[RECALL], entry.get(NDCG, 0.0), -entry["step"])
    return (float(under), 0.0 if under else -svr, *rest)


def copy_model(checkpoint: Path, target: Path) -> None:
    """Copy model, tokenizer and their configuration from a trainer's checkpoint, without its state."""
    files = [path for pattern in MODEL_FILES for path in checkpoint.glob(pattern)]
    if not any(path.suffix == ".safetensors" for path in files):
        raise SafecrsError(
            f"{checkpoint} holds its weights in pieces that only the trainer can read: let it save whole "
            "weights, or take the last checkpoint (selection.samples=0)."
        )
    for path in files:
        if path.name not in _NOT_MODEL:
            shutil.copyfile(path, target / path.name)
