"""Safe-SFT (Hao et al. 2026): supervised fine-tuning on the safety analysis, then the safe list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from safecrs.training.objectives.base import Objective, Task, answer, messages
from safecrs.training.objectives.sft import Sft


class SafeSft(Sft):
    """SFT with other rows; the preset's table ``[safe_sft]`` holds what differs from ``[sft]``."""

    id, name = "safe-sft", "Safe-SFT"
    summary = "Safe-SFT: supervised fine-tuning on what people liked without what is unsafe for them"
    tables: ClassVar[tuple[str, ...]] = ("sft", "safe_sft")
    needs = frozenset({"reasoning"})

    def safe(self, options: Mapping[str, Any]) -> bool:
        """It is shown safe lists alone."""
        return Objective.safe(self, options)

    def rows(self, task: Task) -> list[dict[str, Any]]:
        """Prompt and completion of each sample; the completion lists the ground truth."""
        return [
            {"prompt": messages(sample), "completion": answer(sample, sample.groundtruth, task.reasons)}
            for sample in task.samples
        ]
