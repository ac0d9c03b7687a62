"""Supervised fine-tuning on everything that people liked, without regard to safety."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from safecrs.errors import SafecrsError
from safecrs.training.objectives.base import Objective, Task, answer, messages


class Sft(Objective):
    """The baseline, and for a base that knows no films the stage before Safe-SFT."""

    id, name = "sft", "SFT, no safety"
    summary = "supervised fine-tuning on everything people liked, without safety"
    tables: ClassVar[tuple[str, ...]] = ("sft",)
    defaults = Objective.defaults | {"completion_only_loss": True}

    def safe(self, _options: Mapping[str, Any]) -> bool:
        """It knows of no sensitivity."""
        return False

    def check(self, settings: Mapping[str, Any], _base: Path | None) -> None:
        """Refuse packing in which a conversation attends to the one before it.

        TRL's "bfd" keeps packed conversations apart under every attention and gives the loss of unpacked
        ones. It saves padding on a GPU; on a CPU it is slower, because attention then spans the whole batch.
        """
        if settings.get("packing") and settings.get("packing_strategy", "bfd") == "wrapped":
            raise SafecrsError(
                "Packed this way a conversation attends to the one before it, which is another person's: "
                'leave out packing_strategy = "wrapped".'
            )

    def rows(self, task: Task) -> list[dict[str, Any]]:
        """Prompt and completion of each sample; the completion lists what the person liked.

        Of that only what is safe for the person where the model learns safety.
        """
        safe = self.safe(task.options)
        return [
            {
                "prompt": messages(sample),
                "completion": answer(sample, sample.groundtruth, task.reasons)
                if safe
                else answer(sample, sample.all_liked),
            }
            for sample in task.samples
        ]

    def trl(self) -> tuple[Any, Any]:
        """``SFTTrainer``."""
        from trl import SFTConfig, SFTTrainer

        return SFTConfig, SFTTrainer
