"""Callbacks around a Hugging Face trainer: recording, skipping broken steps, validation, freed memory."""

from __future__ import annotations

import ctypes
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import Trainer, TrainerCallback

from safecrs.errors import SafecrsError
from safecrs.progress import Report
from safecrs.training.runs.checkpoints import seal
from safecrs.training.runs.log import TrainingLog
from safecrs.training.runs.processes import wait_for_all
from safecrs.training.runs.selection import VALIDATION, Validation, candidates, choose

SPEED = "tokens_per_second"
# Logged once there is one: the number of steps so far that changed nothing.
SKIPPED = "skipped_steps"
# Steps in a row that may be skipped; then training has failed, and going on would only hide it.
MOST_SKIPPED = 10
TRIM_STEPS = 25  # between two returns of freed memory to the system
_SHOWN = {
    "loss": ("loss", "{:.3f}"),
    "slate/svr": ("SVR", "{:.1%}"),
    "slate/recall": ("recall", "{:.3f}"),
    "slate/length": ("items", "{:.1f}"),
    "validation/recall@10": ("val. recall", "{:.3f}"),
    "validation/svr@10": ("val. SVR", "{:.1%}"),
    SPEED: ("tok/s", "{:.0f}"),
    "reward": ("reward", "{:+.2f}"),
    "kl": ("KL", "{:.3f}"),
}
_REWARD, _MEAN = "rewards/", "/mean"
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_NEVER = -1
_DEFAULT_TRIM_THRESHOLD, _DEFAULT_MMAP_MAX = 128 * 1024, 65536  # mallopt(3)


def headline(logged: Mapping[str, float]) -> str:
    """The few numbers to watch, the most telling first: a narrow terminal cuts the end off."""
    rewards = [
        f"{key.removeprefix(_REWARD).removesuffix(_MEAN)} {value:+.2f}"
        for key, value in logged.items()
        if key.startswith(_REWARD) and key.endswith(_MEAN)
    ]
    parts = []
    for key, (name, form) in _SHOWN.items():
        if key in logged:
            parts.append(f"{name} {form.format(logged[key])}")
        if key == "reward" and rewards:
            parts.append(f"({', '.join(rewards)})")
    return "  ".join(parts)


class Recorder(TrainerCallback):  # type: ignore[misc]
    """Writes everything logged to ``log``, and reports every step of the stage ``name``.

    Tokens a second are added to what is logged, for later callbacks too: those that TRL counts, over the time
    between two logs.
    """

    def __init__(self, log: TrainingLog, name: str, report: Report | None) -> None:
        self.log, self.name, self.report = log, name, report
        self.logged: dict[str, float] = {}
        self.counted: tuple[float, float] | None = None

    def on_log(self, _args: Any, state: Any, *_: Any, logs: Any = None, **__: Any) -> None:
        """Add what is counted to the logged values."""
        values = {} if logs is None else logs
        values.update(self._speed(values))
        self.logged.update({k: v for k, v in values.items() if isinstance(v, int | float)})
        if state.is_world_process_zero:
            # The mean loss since the process began is another one in a run that was resumed.
            self.log.append(state.global_step, {k: v for k, v in values.items() if k != "train_loss"})

    def _speed(self, logs: Mapping[str, Any]) -> dict[str, float]:
        """Tokens a second since tokens were last counted."""
        if "num_tokens" not in logs or "loss" not in logs:
            return {}
        now, before = (time.perf_counter(), float(logs["num_tokens"])), self.counted
        self.counted = now
        return {SPEED: (now[1] - before[1]) / (now[0] - before[0])} if before else {}

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Act after each step."""
        if self.report:
            self.report(self.name, state.global_step, state.max_steps, headline(self.logged))


class FiniteSteps(TrainerCallback):  # type: ignore[misc]
    """Skips optimizer steps with NaN or infinite gradients, and counts them from ``skipped`` on.

    Rare batches bring them about in half precision on a GPU. Applied, one such step makes every weight NaN.
    """

    def __init__(self, skipped: int = 0) -> None:
        self.skipped, self.in_a_row = skipped, 0

    def on_pre_optimizer_step(self, args: Any, *_: Any, model: Any = None, **__: Any) -> None:
        """Drop the gradients of a step that are not finite."""
        gradients = [p.grad for p in model.parameters() if p.grad is not None]
        if _all_finite(gradients, args.device):
            self.in_a_row = 0
            return
        self.skipped, self.in_a_row = self.skipped + 1, self.in_a_row + 1
        if self.in_a_row == MOST_SKIPPED:
            raise SafecrsError(
                f"Training stopped: the gradient was NaN or infinite {MOST_SKIPPED} times in a row; lower "
                "the learning rate, or train in full precision (bf16=false)."
            )
        model.zero_grad()

    def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
        """Add what is counted to the logged values."""
        if self.skipped and logs is not None:
            logs[SKIPPED] = self.skipped


def _all_finite(gradients: list[Any], device: Any) -> bool:
    """Whether they are in all processes: one that skips alone would diverge from the others."""
    norms = [norm.float().to(device) for norm in torch._foreach_norm(gradients)] if gradients else []
    finite = not norms or bool(torch.stack(norms).isfinite().all())
    broken = torch.tensor(float(not finite), device=device)
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        torch.distributed.all_reduce(broken)
    return not bool(broken)


class Sealer(TrainerCallback):  # type: ignore[misc]
    """Flushes a checkpoint to disk and adds checksums of its files: only then is it complete."""

    def __init__(self, checkpoint: Callable[[int], Path]) -> None:
        self.checkpoint = checkpoint

    def on_save(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Seal it once all processes have written their part."""
        wait_for_all()
        if state.is_world_process_zero:
            seal(self.checkpoint(state.global_step))


class Selector(TrainerCallback):  # type: ignore[misc]
    """Validates every checkpoint and keeps the trainer from deleting the best one."""

    def __init__(self, trainer: Any, validation: Validation, log: TrainingLog, checkpoints: Path) -> None:
        if trainer.is_fsdp_enabled:
            raise SafecrsError(
                "Under FSDP no process holds the whole model, so checkpoints cannot be compared while "
                "training: set selection.samples=0, and compare them with `safecrs evaluate`."
            )
        self.trainer, self.validation = trainer, validation
        self.log, self.checkpoints = log, checkpoints

    def on_train_begin(self, *_: Any, **__: Any) -> None:
        """Validate what was saved just before the run was killed."""
        if self.trainer.state.global_step:
            self.on_save()

    def on_save(self, *_: Any, **__: Any) -> None:
        """Validate the checkpoint, and tell the trainer which one is the best."""
        state = self.trainer.state
        if state.global_step not in {entry["step"] for entry in candidates(self.log.entries())}:
            with untouched_randomness(), _whole_model(self.trainer) as model:
                found = self.validation.measure(model, self.trainer.processing_class)
            # Not TRL's own `log`, which resets its averages over the training steps so far.
            Trainer.log(self.trainer, {f"{VALIDATION}{name}": value for name, value in found.items()})
            # All processes read next what the first one writes here. If one of them missed it, they would
            # disagree on whether there is a best checkpoint, and deadlock.
            wait_for_all()
        if best := choose(self.log.entries(), self.validation.svr_ceiling):
            state.best_global_step = int(best["step"])
            state.best_model_checkpoint = str(self.checkpoints / f"checkpoint-{state.best_global_step}")


@contextmanager
def _whole_model(trainer: Any) -> Iterator[Any]:
    """The model with all its weights in this process."""
    if not trainer.is_deepspeed_enabled:
        yield trainer.model
        return
    from trl.models.utils import unwrap_model_for_generation

    with unwrap_model_for_generation(
        trainer.model_wrapped,
        trainer.accelerator,
        # Afterwards it turns gradient checkpointing on again, by these settings.
        gradient_checkpointing_kwargs=trainer.args.gradient_checkpointing_kwargs,
    ) as model:
        yield model


@contextmanager
def untouched_randomness() -> Iterator[None]:
    """Restore the generators of Python, numpy and torch on leaving."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count()) if torch.cuda.is_available() else ()):
            yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


class MemoryKeeper(TrainerCallback):  # type: ignore[misc]
    """Trims the heap every `TRIM_STEPS` steps."""

    def __init__(self, libc: Any) -> None:
        self.libc = libc

    def on_step_end(self, _args: Any, state: Any, *_: Any, **__: Any) -> None:
        """Act after each step."""
        if state.global_step % TRIM_STEPS == 0:
            self.libc.malloc_trim(0)


@contextmanager
def kept_memory() -> Iterator[MemoryKeeper | None]:
    """Let glibc's allocator reuse large blocks inside; yields a callback for the trainer, None elsewhere.

    A step on the CPU allocates and frees gigabytes. By default each block comes from the kernel and goes back
    to it, and clearing the fresh pages takes longer than the arithmetic of a small model, and a third of the
    time of SmolLM2. But kept memory fragments: batches of many lengths cut it into pieces that fit no other
    (SmolLM2 grew from 5 to 13 GB in 240 steps). So the callback trims the heap every `TRIM_STEPS` steps, and
    on leaving, also by an exception, the allocator's defaults are restored.
    """
    libc = _glibc()
    if libc is None:
        yield None
        return
    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)
    try:
        yield MemoryKeeper(libc)
    finally:
        libc.mallopt(_M_MMAP_MAX, _DEFAULT_MMAP_MAX)
        libc.mallopt(_M_TRIM_THRESHOLD, _DEFAULT_TRIM_THRESHOLD)
        libc.malloc_trim(0)


def _glibc() -> Any:
    """The C library if it is glibc, else None."""
    with suppress(OSError, TypeError):  # TypeError on Windows
        library = ctypes.CDLL(None)
        if hasattr(library, "mallopt") and hasattr(library, "malloc_trim"):
            return library
    return None
