"""Live progress out of a Hugging Face trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safecrs.training.runs import Progress


def progress_callback(progress: Progress) -> Any:
    """A callback that tells ``progress`` of every step."""
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):  # type: ignore[misc]
        """Passes steps and logged numbers on."""

        def __init__(self) -> None:
            self.logged: dict[str, float] = {}

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            self.logged.update({k: v for k, v in (logs or {}).items() if isinstance(v, int | float)})

        def on_step_end(self, *trainer: Any, **_: Any) -> None:
            state = trainer[1]  # after the arguments, before the control
            progress(state.global_step, state.max_steps, self.logged)

    return Reporter()
