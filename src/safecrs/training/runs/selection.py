"""Which checkpoint becomes the model: the best one on the validation split.

Candidates are the trainer's checkpoints (``save_steps``, or ``save_strategy = "epoch"``). Each answers the
same conversations of the validation split; the metrics are in the run's log as ``validation/…``. Chosen is
the highest Recall@10 among those whose SVR@10 is at most the ceiling, else the lowest SVR@10; ties by
NDCG@10, then the earlier one.

Everything is decided from files: a checkpoint is validated once it is complete on disk, and a run that is
killed in between validates it when it is resumed. Validation leaves the trainer's random state as it was.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import MODEL_FILES
from safecrs.training.runs.log import Entry, TrainingLog
from safecrs.training.runs.processes import wait_for_all

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


def selector(trainer: Any, validation: Validation, log: TrainingLog, checkpoints: Path) -> Any:
    """A callback that validates every checkpoint and keeps the trainer from deleting the best one."""
    if trainer.is_fsdp_enabled:
        raise SafecrsError(
            "Under FSDP no process holds the whole model, so checkpoints cannot be compared while training: "
            "set selection.samples=0, and compare them with `safecrs evaluate`."
        )
    from transformers import Trainer, TrainerCallback

    class Selector(TrainerCallback):  # type: ignore[misc]
        """Validates what was saved."""

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            if trainer.state.global_step:
                self.on_save()  # it may have been killed between saving and validating

        def on_save(self, *_: Any, **__: Any) -> None:
            if trainer.state.global_step not in {entry["step"] for entry in candidates(log.entries())}:
                self.validate()
            if best := choose(log.entries(), validation.svr_ceiling):
                trainer.state.best_global_step = int(best["step"])
                trainer.state.best_model_checkpoint = str(checkpoints / f"checkpoint-{int(best['step'])}")

        def validate(self) -> None:
            with untouched_randomness(), _whole_model(trainer) as model:
                found = validation.measure(model, trainer.processing_class)
            # Not TRL's own `log`, which resets its averages over the training steps so far.
            Trainer.log(trainer, {f"{VALIDATION}{name}": value for name, value in found.items()})
            # All processes read next what the first one writes here. If one of them missed it, they would
            # disagree on whether there is a best checkpoint, and deadlock.
            wait_for_all()

    return Selector()


@contextmanager
def _whole_model(trainer: Any) -> Iterator[Any]:
    """The model with all its weights in this process."""
    if not trainer.is_deepspeed_enabled:
        yield trainer.model
        return
    from trl.models.utils import unwrap_model_for_generation

    # Afterwards it turns gradient checkpointing on again, by the settings it is given.
    settings = trainer.args.gradient_checkpointing_kwargs
    with unwrap_model_for_generation(
        trainer.model_wrapped, trainer.accelerator, gradient_checkpointing_kwargs=settings
    ) as model:
        yield model


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Restore the generators of Python, numpy and torch on leaving."""
    import numpy as np
    import torch

    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count()) if torch.cuda.is_available() else ()):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


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
