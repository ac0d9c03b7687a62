"""Steps whose gradient is no number are left out: one of them would turn every weight into none."""

from __future__ import annotations

from typing import Any

from safecrs.errors import SafecrsError

SKIPPED = "skipped_steps"
"""Logged once there is one: how many steps so far changed nothing."""
MOST = 10
"""In a row; then training has failed, and going on would only hide it."""


def finite_steps(skipped: int = 0) -> Any:
    """A callback that keeps the optimizer from a gradient that is infinite or NaN; ``skipped`` were before.

    Rare batches bring one about in half precision on a GPU. Without this the run ends a moment later, where
    the policy samples from what are no probabilities.
    """
    import torch
    from transformers import TrainerCallback

    class FiniteSteps(TrainerCallback):  # type: ignore[misc]
        """Skips steps, and counts them."""

        def __init__(self) -> None:
            self.skipped, self.in_a_row = skipped, 0

        def on_pre_optimizer_step(self, *trainer: Any, model: Any = None, **_: Any) -> None:
            gradients = [p.grad for p in model.parameters() if p.grad is not None]
            if all_finite(gradients, trainer[0].device):
                self.in_a_row = 0
                return
            self.skipped, self.in_a_row = self.skipped + 1, self.in_a_row + 1
            if self.in_a_row == MOST:
                raise SafecrsError(
                    f"Training stopped: the gradient was infinite or no number {MOST} times in a row; lower "
                    "the learning rate, or train in full precision (bf16=false)."
                )
            for parameter in model.parameters():
                parameter.grad = None

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if self.skipped and logs is not None:
                logs[SKIPPED] = self.skipped

    def all_finite(gradients: list[Any], device: Any) -> bool:
        """Whether they are, in all processes: one that skips alone would part with the others."""
        norms = [norm.float().to(device) for norm in torch._foreach_norm(gradients)] if gradients else []
        finite = not norms or bool(torch.stack(norms).isfinite().all())
        broken = torch.tensor(float(not finite), device=device)
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.all_reduce(broken)
        return not bool(broken)

    return FiniteSteps()
