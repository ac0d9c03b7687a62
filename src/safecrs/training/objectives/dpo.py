"""Direct preference optimisation (Rafailov et al. 2023): the safe list is preferred to the unfiltered one."""

from __future__ import annotations

from typing import Any

from safecrs.errors import SafecrsError
from safecrs.training.objectives.base import Objective, Task, answer, messages


class Dpo(Objective):
    """Plain DPO with TRL's loss; the frozen start model is the reference."""

    id, name = "dpo", "DPO"
    summary = "DPO: preference of lists without what is unsafe for a person over all that they liked"
    tables = ("dpo",)
    needs = frozenset({"pairs", "reference"})

    def rows(self, task: Task) -> list[dict[str, Any]]:
        """A pair for each sample from which something was removed.

        Chosen is the ground truth, rejected is everything the person liked, both after the same analysis.
        """
        pairs = [
            {
                "prompt": messages(sample),
                "chosen": answer(sample, sample.groundtruth, task.reasons),
                "rejected": answer(sample, sample.all_liked, task.reasons),
            }
            for sample in task.samples
            if sample.removed
        ]
        if not pairs:
            raise SafecrsError(
                "There is no pair to learn from: no training sample has anything unsafe among what the "
                "person liked; build a benchmark with sensitivities, or choose another objective."
            )
        return pairs

    def trl(self) -> tuple[Any, Any]:
        """``DPOTrainer``, whose reference has the rows of title tokens that adapters bring."""
        from trl import DPOConfig, DPOTrainer

        from safecrs.training.models.adapters import copy_whole_rows

        class Trainer(DPOTrainer):  # type: ignore[misc]
            """Copies the rows before the reference is first asked, which may be in the constructor."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                copy_whole_rows(self.model)

            def compute_ref_log_probs(self, model: Any, inputs: Any) -> Any:
                copy_whole_rows(self.model)
                return super().compute_ref_log_probs(model, inputs)

        return DPOConfig, Trainer
