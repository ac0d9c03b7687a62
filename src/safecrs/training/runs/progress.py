"""Live progress out of a Hugging Face trainer: to the log on disk, and to whoever watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from safecrs.training.runs.log import TrainingLog

Progress = Callable[[int, int, dict[str, float]], None]
"""Told the step, the number of steps, and what was last logged."""

SPEED = "tokens_per_second"
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
_REWARD = "rewards/"


def headline(logged: Mapping[str, float]) -> str:
    """The few numbers to watch, the most telling first: a narrow terminal cuts the end off."""
    rewards = [
        f"{key.removeprefix(_REWARD).removesuffix('/mean')} {value:+.2f}"
        for key, value in logged.items()
        if key.startswith(_REWARD) and key.endswith("/mean")
    ]
    told = []
    for key, (name, form) in _SHOWN.items():
        if key in logged:
            told.append(f"{name} {form.format(logged[key])}")
        if key == "reward" and rewards:
            told.append(f"({', '.join(rewards)})")
    return "  ".join(told)


def recorder(log: TrainingLog, progress: Progress | None) -> Any:
    """A callback that writes everything logged to ``log``, and tells ``progress`` of every step.

    Tokens a second are added to what is logged, for the callbacks that come after it too: those that TRL
    counts, over the time between two logs.
    """
    from transformers import TrainerCallback

    class Recorder(TrainerCallback):  # type: ignore[misc]
        """Passes steps and logged numbers on."""

        def __init__(self) -> None:
            self.logged: dict[str, float] = {}
            self.counted: tuple[float, float] | None = None

        def on_log(self, *trainer: Any, logs: Any = None, **_: Any) -> None:
            state = trainer[1]  # after the arguments, before the control
            values = {} if logs is None else logs
            values.update(self.speed(values))
            self.logged.update({k: v for k, v in values.items() if isinstance(v, int | float)})
            if state.is_world_process_zero:
                log.append(state.global_step, values)

        def speed(self, logs: Mapping[str, Any]) -> dict[str, float]:
            """Tokens a second since the last time that tokens were counted."""
            if "num_tokens" not in logs or "loss" not in logs:
                return {}
            now, before = (time.perf_counter(), float(logs["num_tokens"])), self.counted
            self.counted = now
            return {SPEED: (now[1] - before[1]) / (now[0] - before[0])} if before else {}

        def on_step_end(self, *trainer: Any, **_: Any) -> None:
            state = trainer[1]
            if progress:
                progress(state.global_step, state.max_steps, self.logged)

    return Recorder()
