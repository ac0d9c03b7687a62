"""A training run on disk: its manifest, its checkpoints, its log, and the model once it is finished.

run.json      the manifest: what decides the result, where it comes from, all of the trainer's arguments
checkpoints/  the trainer's own, the last two and the best one kept, each with the checksums of its files; a
              stopped run is resumed from the last that is complete and undamaged
log.jsonl     what was logged, line by line during training
logs/         the same for TensorBoard
model/        appears when the run is finished, with its card (README.md)
"""

from __future__ import annotations

import errno
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError, refusal
from safecrs.progress import Report, quiet
from safecrs.recommenders.manifest import Manifest
from safecrs.storage import locked, os_error, read_json
from safecrs.training.models.adapters import drop_other_adapters, name_base
from safecrs.training.runs.checkpoints import checkpoint, clean, sealed_steps
from safecrs.training.runs.log import LOG, TrainingLog
from safecrs.training.runs.manifest import MANIFEST, RunManifest, read_manifest, write_manifest
from safecrs.training.runs.model_card import write_card
from safecrs.training.runs.processes import (
    LOST,
    is_main,
    lost_process,
    main_first,
    one_folder,
    wait_for_all,
)
from safecrs.training.runs.selection import SELECTED, Validation, choose, copy_model
from safecrs.training.runs.settings import tensorboard

_STATE = "trainer_state.json"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Run:
    """One run's folder.

    Args:
        validation: how its checkpoints are compared; None takes the last one.

    Attributes:
        model: the folder of the finished model; checkpoints: the trainer's output folder.
    """

    def __init__(self, folder: Path, manifest: RunManifest, validation: Validation | None = None) -> None:
        self.folder, self.manifest, self.validation = folder, manifest, validation
        self.model, self.checkpoints = folder / "model", folder / "checkpoints"
        self.log = TrainingLog(folder / LOG)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to do."""
        return any((self.model / name).is_file() for name in ("config.json", "adapter_config.json"))

    def open(self) -> bool:
        """Create the folder (true), or make sure that it holds this very run."""
        if not (self.folder / MANIFEST).exists():
            write_manifest(self.folder, self.manifest)
            return True
        if changed := read_manifest(self.folder).differences(self.manifest):
            raise SafecrsError(
                f"{self.folder} holds a run with other {', '.join(changed)}; choose another folder or delete "
                "this one."
            )
        return False

    def withdraw(self) -> None:
        """Leave the folder free for another run, unless there is a checkpoint, complete or not."""
        if not any(self.checkpoints.glob("checkpoint-*")):
            (self.folder / MANIFEST).unlink(missing_ok=True)

    def steps(self) -> list[int]:
        """The steps of the complete checkpoints."""
        return sealed_steps(self.checkpoints)

    def checkpoint(self, step: int) -> Path:
        """The folder of the checkpoint of that step."""
        return checkpoint(self.checkpoints, step)

    def trained(self, step: int) -> bool:
        """Whether the checkpoint of that step is the last there will be."""
        state = read_json(self.checkpoint(step) / _STATE, finite=False)
        return bool(state.get("global_step", 0) >= state.get("max_steps", step + 1))

    def best_step(self) -> int | None:
        """The step of the best checkpoint that still exists; None when none was validated."""
        existing = set(self.steps())
        entries = [entry for entry in self.log.entries() if entry["step"] in existing]
        best = choose(entries, self.validation.svr_ceiling) if self.validation else None
        return int(best["step"]) if best else None

    def execute(self, make_trainer: Callable[[], Any], name: str = "", report: Report = quiet) -> Path:
        """Do the run, or what is left of it, and return the folder of the trained model.

        A new run that fails before its first checkpoint, as over a setting that is refused, leaves the folder
        free for the next attempt.

        Args:
            make_trainer: makes a Hugging Face trainer whose output folder is `checkpoints`.
            name: what progress calls the stage.
        """
        with locked(self.folder) if is_main() else nullcontext():
            return self._execute(make_trainer, name, report)

    def _execute(self, make_trainer: Callable[[], Any], name: str, report: Report) -> Path:
        with main_first():
            new = self.open()
        if self.finished:
            return self.model
        from safecrs.recommenders.language_models.quiet import silence

        silence()
        trainer = None
        try:
            trainer = make_trainer()
            self._resume(trainer, name, report)
        except Exception as error:
            if new:
                self.withdraw()
            explained = self._explained(error)
            began = trainer is not None and trainer.state.global_step
            if explained is error and not began and (reason := refusal(error)):
                explained = SafecrsError(f"These settings do not work with this model and data: {reason}.")
            raise explained from error
        return self.model

    def _resume(self, trainer: Any, name: str, report: Report) -> None:
        """Train from the last checkpoint on, and save the model."""
        from transformers import PrinterCallback

        from safecrs.training.runs import callbacks

        trainer.remove_callback(PrinterCallback)
        with main_first():
            clean(self.checkpoints)
        last = max(self.steps(), default=0)
        if is_main():
            write_manifest(self.folder, self.manifest, trainer.args)
            self.log.rewind(last)
            if board := tensorboard(self.manifest.settings, self.folder / "logs", last):
                trainer.add_callback(board)
        # Before all trackers, also those that the trainer was made with: they get what it adds.
        trainer.callback_handler.callbacks.insert(
            0, callbacks.Recorder(self.log, name, report if is_main() else None)
        )
        if not (trainer.is_deepspeed_enabled or trainer.args.fp16):  # these handle such steps themselves
            skipped = max((entry.get(callbacks.SKIPPED, 0) for entry in self.log.entries()), default=0)
            trainer.callback_handler.callbacks.insert(0, callbacks.FiniteSteps(int(skipped)))
        trainer.callback_handler.callbacks.insert(0, callbacks.Sealer(self.checkpoint))
        if self.validation:
            trainer.add_callback(callbacks.Selector(trainer, self.validation, self.log, self.checkpoints))
        if last and self.trained(last):
            # What is left is to validate and to save; the trainer would take one step too many.
            trainer._run_epoch = lambda **_: None
        with callbacks.kept_memory() as keeper:
            if keeper:
                trainer.add_callback(keeper)
            trainer.train(resume_from_checkpoint=str(self.checkpoint(last)) if last else None)
        self._save(trainer)

    def _save(self, trainer: Any) -> None:
        """The model of the best checkpoint, or as it is now, with its card."""
        best = self.best_step()
        if best is not None and is_main():
            self.log.append(max(self.steps()), {SELECTED: best})
        wait_for_all()  # before one of them changes what the others read
        with one_folder(self.model) as folder:
            if best is None:
                trainer.save_model(str(folder))
            elif is_main():
                copy_model(self.checkpoint(best), folder)
            for leftover in folder.glob("training_args.bin"):
                leftover.unlink()  # a pickle; the manifest has the arguments
            if is_main():
                data = self.manifest.provenance.data if self.manifest.provenance else None
                domain = data.domain if data else "film"
                Manifest.of_model(reasons=self.manifest.reasons, domain=domain).write(folder)
                drop_other_adapters(folder)
                name_base(folder)
                write_card(self.folder, folder)

    def _explained(self, error: Exception) -> Exception:
        """An error of training as one sentence, where it is about processes or files; else itself."""
        remedy = f"start it again to resume from the last checkpoint in {self.checkpoints}."
        if lost_process(error):
            return SafecrsError(f"{LOST}; {remedy}")
        reason = _failed_write(error)
        return SafecrsError(f"Training stopped: {reason} and {remedy}") if reason else error


def _failed_write(error: Exception) -> str | None:
    """What keeps a file from being written or read, and what to do; None for any other error.

    torch and safetensors report a full disk in exceptions of their own.
    """
    text = str(error)
    if cause := os_error(error):
        reason = " ".join((cause.strerror or str(cause)).split())
        return f"{reason}; {'free some space' if cause.errno in _FULL else 'fix that'}"
    if "PytorchStreamWriter" in text or "inline_container" in text:
        return "a checkpoint could not be written; free some space"
    if type(error).__name__ == "SafetensorError":
        return f"the weights of a model are damaged ({' '.join(text.split())[:100]}); write them again"
    return None
