"""Safe-SFT (Hao et al. 2026): supervised fine-tuning on the safety analysis, then the safe list."""

from __future__ import annotations

from typing import ClassVar

from safecrs.training.objectives.base import Objective
from safecrs.training.objectives.sft import Sft


class SafeSft(Sft):
    """SFT on safe lists alone; the preset's table ``[safe_sft]`` holds what differs from ``[sft]``."""

    id, name = "safe-sft", "Safe-SFT"
    summary = "Safe-SFT: supervised fine-tuning on what people liked without what is unsafe for them"
    tables: ClassVar[tuple[str, ...]] = ("sft", "safe_sft")
    needs = frozenset({"reasoning"})
    safe = Objective.safe
