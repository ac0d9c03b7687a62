"""A training run on disk: what was asked for, its checkpoints, its log, and the model once it is finished.

run.json      what decides the result: the settings as given, seed, versions, fingerprints of base and data
resolved.json all of the trainer's arguments, its defaults and what the hardware decides among them
about.json    where the data came from and the command, for the model card
checkpoints/  the trainer's own, the last and the best one kept; a stopped run goes on from the last
log.jsonl     what was logged, line by line while it goes on
logs/         the same for TensorBoard
model/        appears when the run is finished, with its card (README.md)
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from safecrs.errors import SafecrsError
from safecrs.recommenders.manifest import Manifest
from safecrs.storage import read_json, write_json
from safecrs.training.runs.about import ABOUT, About, write_about
from safecrs.training.models.adapters import drop_other_adapters, name_base
from safecrs.training.runs.arguments import RESOLVED, write_arguments
from safecrs.training.runs.finite import SKIPPED, finite_steps
from safecrs.training.runs.log import LOG, TrainingLog
from safecrs.training.runs.model_card import write_card
from safecrs.training.runs.processes import (
    LOST,
    is_main,
    lost_process,
    main_first,
    one_folder,
    process_count,
    wait_for_all,
)
from safecrs.training.runs.progress import Progress, recorder
from safecrs.training.runs.record import RECORD, RunRecord, read_record
from safecrs.training.runs.selection import SELECTED, Validation, choose, copy_model, selector
from safecrs.training.runs.trackers import tensorboard

_STATE = "trainer_state.json"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Run:
    """One run's folder.

    Args:
        validation: how its checkpoints are compared; None takes the last one.
        about: for the model card.
    """

    def __init__(
        self,
        folder: Path,
        record: RunRecord,
        validation: Validation | None = None,
        about: About | None = None,
    ) -> None:
        self.folder, self.record = folder, record
        self.validation, self.about = validation, about
        self.log = TrainingLog(folder / LOG)

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

    def open(self) -> bool:
        """Create the folder (true), or make sure that it holds this very run.

        Raises:
            SafecrsError: it holds another run, or is damaged.
        """
        path = self.folder / RECORD
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
            return False
        if self.about:
            write_about(self.folder, self.about)
        write_json(path, self.record.model_dump(mode="json"))
        return True

    def withdraw(self) -> None:
        """Leave the folder free for another run, unless there is a checkpoint, whole or not."""
        if not any(self.checkpoints.glob("checkpoint-*")):
            for name in (RECORD, ABOUT, RESOLVED):
                (self.folder / name).unlink(missing_ok=True)

    def steps(self) -> list[int]:
        """The steps of the checkpoints that are whole.

        The trainer writes its state last; a checkpoint without it was cut short and is passed over, and so is
        one without the random state of every process.
        """
        written = (path for path in self.checkpoints.glob(f"checkpoint-*/{_STATE}") if _is_json(path))
        return sorted(
            int(path.parent.name.split("-")[1]) for path in written if _has_random_states(path.parent)
        )

    def checkpoint(self, step: int) -> Path:
        """The folder of the checkpoint of that step."""
        return self.checkpoints / f"checkpoint-{step}"

    def trained(self, step: int) -> bool:
        """Whether the checkpoint of that step is the last there will be."""
        state = read_json(self.checkpoint(step) / _STATE, finite=False)
        return bool(state.get("global_step", 0) >= state.get("max_steps", step + 1))

    def best_step(self) -> int | None:
        """The step of the best checkpoint that is still there; None when none was validated."""
        there = set(self.steps())
        entries = [entry for entry in self.log.entries() if entry["step"] in there]
        best = choose(entries, self.validation.svr_ceiling) if self.validation else None
        return int(best["step"]) if best else None


class Trainable(Protocol):
    """What `train` needs of a Hugging Face trainer."""

    model: Any
    args: Any
    state: Any
    processing_class: Any
    callback_handler: Any
    is_deepspeed_enabled: bool
    _run_epoch: Callable[..., None]

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

    A new run that fails before its first checkpoint, as over a setting that is refused, leaves the folder
    free for the next attempt.

    Raises:
        SafecrsError: the folder holds another run, a setting is refused, or the disk is full.
    """
    with main_first():
        new = run.open()
    if run.finished:
        return run.model
    from safecrs.recommenders.language_models.quiet import silence

    silence()
    try:
        _go_on(run, make_trainer(), progress)
    except Exception:
        if new:
            run.withdraw()
        raise
    return run.model


def _go_on(run: Run, trainer: Trainable, progress: Progress | None) -> None:
    """Train from the last checkpoint on, and save the model."""
    from transformers import PrinterCallback

    from safecrs.training.runs.memory import kept_memory

    trainer.remove_callback(PrinterCallback)
    try:
        last = max(run.steps(), default=0)
        if is_main():
            write_arguments(run.folder, trainer.args)
            run.log.rewind(last)
            if board := tensorboard(run.record.settings, run.folder / "logs", last):
                trainer.add_callback(board)
        # Before all trackers, also those that the trainer was made with: they are told what it adds.
        trainer.callback_handler.callbacks.insert(0, recorder(run.log, progress if is_main() else None))
        if not (trainer.is_deepspeed_enabled or trainer.args.fp16):  # these look after it themselves
            skipped = max((entry.get(SKIPPED, 0) for entry in run.log.entries()), default=0)
            trainer.callback_handler.callbacks.insert(0, finite_steps(int(skipped)))
        if run.validation:
            trainer.add_callback(selector(trainer, run.validation, run.log, run.checkpoints))
        if last and run.trained(last):
            # What is left is to validate and to save; the trainer would take one step more than it should.
            trainer._run_epoch = lambda **_: None
        with kept_memory() as keeper:
            if keeper:
                trainer.add_callback(keeper)
            trainer.train(resume_from_checkpoint=str(run.checkpoint(last)) if last else None)
        _save(run, trainer)
    except Exception as error:
        if lost_process(error):
            raise SafecrsError(
                f"{LOST}; start it again, it goes on from the last checkpoint in {run.checkpoints}."
            ) from error
        reason = _failed_write(error)
        if reason is None:
            raise
        raise SafecrsError(
            f"Training stopped: {reason} and start it again, it goes on from the last "
            f"checkpoint in {run.checkpoints}."
        ) from error


def _save(run: Run, trainer: Trainable) -> None:
    """The model of the best checkpoint, or as it is now, with its card."""
    best = run.best_step()
    if best is not None and is_main():
        run.log.append(max(run.steps()), {SELECTED: best})
    wait_for_all()  # before one of them leaves something else to be found
    with one_folder(run.model) as folder:
        if best is None:
            trainer.save_model(str(folder))
        elif is_main():
            copy_model(run.checkpoint(best), folder)
        for leftover in folder.glob("training_args.bin"):
            leftover.unlink()  # a pickle; what can be told of it is in resolved.json
        if is_main():
            domain = run.about.data.domain if run.about and run.about.data else "film"
            Manifest.of_model(reasons=run.record.reasons, domain=domain).write(folder)
            drop_other_adapters(folder)
            name_base(folder)
            write_card(run.folder, folder)


def _failed_write(error: Exception) -> str | None:
    """What kept a file from being written, and what to do; None when that is not what went wrong.

    torch and safetensors tell of a full disk in exceptions of their own.
    """
    if isinstance(error, OSError):
        reason = " ".join((error.strerror or str(error)).split())
        return f"{reason}; {'free some space' if error.errno in _FULL else 'mend that'}"
    if (
        type(error).__name__ == "SafetensorError"
        or "PytorchStreamWriter" in str(error)
        or "inline_container" in str(error)
    ):
        return "a checkpoint could not be written; free some space"
    return None


def _has_random_states(checkpoint: Path) -> bool:
    """Each of several processes writes its own, in its own time."""
    count = process_count()
    return count == 1 or all((checkpoint / f"rng_state_{rank}.pth").is_file() for rank in range(count))


def _is_json(path: Path) -> bool:
    try:
        read_json(path, finite=False)
    except SafecrsError:
        return False
    return True
