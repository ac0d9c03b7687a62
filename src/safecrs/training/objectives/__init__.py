"""Training objectives, one file each; from this table follow commands, presets, manifests and cards."""

from __future__ import annotations

from safecrs.training.objectives.base import Objective
from safecrs.training.objectives.dpo import Dpo
from safecrs.training.objectives.gdpo import SafeGdpo
from safecrs.training.objectives.safe_sft import SafeSft
from safecrs.training.objectives.sft import Sft

OBJECTIVES: dict[str, Objective] = {
    objective.id: objective for objective in (Sft(), SafeSft(), Dpo(), SafeGdpo())
}
