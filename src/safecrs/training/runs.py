"""A training run on disk: what was asked for, its checkpoints, its log, and the model once it is finished.

run.json      the resolved configuration, seed, versions and data fingerprint
checkpoints/  the trainer's own, the last one kept; a stopped run goes on from there
log.json      what the trainer logged
model/        appears when the run is finished
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from safecrs.errors import SafecrsError
from safecrs.storage import atomic_folder, read_json, write_json

Progress = Callable[[int, int, dict[str, float]], None]
"""Told the step, the number of steps, and what was last logged."""

_PACKAGES = ("safecrs", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy")


class RunRecord(BaseModel):
    """Everything that decides what a run produces.

    Attributes:
        stage: "sft", "safe-sft" or "safe-gdpo".
        base: fingerprint or name of the model it starts from.
        settings: the stage's configuration as resolved.
        data: fingerprint of the training samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    base: str
    settings: dict[str, Any]
    seed: int
    data: str
    versions: dict[str, str]


def installed_versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def read_record(path: Path) -> RunRecord:
    """Read a run's record.

    Raises:
        SafecrsError: it is missing or damaged.
    """
    try:
        return RunRecord.model_validate(read_json(path))
    except ValidationError as error:
        raise SafecrsError(
            f"{path} is not the record of a run; choose another folder or delete this one."
        ) from error


class Run:
    """One run's folder."""

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder = folder
        self.record = record

    @property
    def model(self) -> Path:
        """The finished model."""
        return self.folder / "model"

    @property
    def checkpoints(self) -> Path:
        """The trainer's output folder."""
        return self.folder / "checkpoints"

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return (self.model / "config.json").is_file() or (self.model / "adapter_config.json").is_file()

    def open(self) -> None:
        """Create the folder, or make sure that it holds this very run.

        Raises:
            SafecrsError: it holds another run, or is damaged.
        """
        path = self.folder / "run.json"
        if path.exists():
            held = read_record(path)
            changed = [
                name
                for name in RunRecord.model_fields
                if name != "versions" and getattr(held, name) != getattr(self.record, name)
            ]
            if changed:
                raise SafecrsError(
                    f"{self.folder} holds a run with other {', '.join(changed)}; choose another folder or "
                    "delete this one."
                )
        else:
            write_json(path, self.record.model_dump(mode="json"))

    def last_checkpoint(self) -> str | None:
        """The checkpoint to go on from, None for a fresh start.

        The trainer writes its state last; a checkpoint without it was cut short and is passed over.
        """
        complete = [
            path.parent for path in self.checkpoints.glob("checkpoint-*/trainer_state.json") if _is_json(path)
        ]
        return str(max(complete, key=lambda path: int(path.name.split("-")[1]))) if complete else None

    def log(self) -> list[dict[str, float]]:
        """What was logged; empty before the end."""
        path = self.folder / "log.json"
        return list(read_json(path)) if path.is_file() else []


class Trainable(Protocol):
    """What `train` needs of a Hugging Face trainer."""

    state: Any
    processing_class: Any

    def train(self, resume_from_checkpoint: str | None = None) -> Any:
        """Train."""

    def save_model(self, output_dir: str) -> None:
        """Write model and tokenizer."""

    def add_callback(self, callback: Any) -> None:
        """Listen."""

    def remove_callback(self, callback: Any) -> None:
        """Stop listening."""


def train(run: Run, make_trainer: Callable[[], Trainable], progress: Progress | None = None) -> Path:
    """Do the run, or what is left of it, and return the folder of the trained model.

    Raises:
        SafecrsError: the folder holds another run, or the disk is full.
    """
    run.open()
    if run.finished:
        return run.model
    from safecrs.policies.quiet import silence
    from safecrs.training.memory import keep_freed_memory

    silence()
    keep_freed_memory()
    trainer = make_trainer()
    from transformers import PrinterCallback

    from safecrs.training.progress import progress_callback

    trainer.remove_callback(PrinterCallback)
    if progress:
        trainer.add_callback(progress_callback(progress))
    try:
        trainer.train(resume_from_checkpoint=run.last_checkpoint())
        write_json(run.folder / "log.json", [_finite(entry) for entry in trainer.state.log_history])
        with atomic_folder(run.model) as temporary:
            trainer.save_model(str(temporary))
            for leftover in temporary.glob("training_args.bin"):
                leftover.unlink()  # a pickle, and already in run.json
    except Exception as error:
        reason = _failed_write(error)
        if reason is None:
            raise
        raise SafecrsError(
            f"Training stopped: {reason}; free some space and start it again, it goes on from the last "
            f"checkpoint in {run.checkpoints}."
        ) from error
    return run.model


def _failed_write(error: Exception) -> str | None:
    """What kept a file from being written; None when that is not what went wrong.

    torch and safetensors tell of a full disk in exceptions of their own.
    """
    if isinstance(error, OSError):
        return error.strerror or str(error)
    if (
        type(error).__name__ == "SafetensorError"
        or "PytorchStreamWriter" in str(error)
        or "inline_container" in str(error)
    ):
        return "a checkpoint could not be written"
    return None


def _is_json(path: Path) -> bool:
    try:
        read_json(path)
    except SafecrsError:
        return False
    return True


def _finite(entry: dict[str, Any]) -> dict[str, float]:
    return {
        key: float(value)
        for key, value in entry.items()
        if isinstance(value, int | float) and abs(float(value)) < float("inf")
    }
