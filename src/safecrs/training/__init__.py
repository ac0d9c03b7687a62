"""Training: objectives, models, and runs on disk."""

from safecrs.scoring.rewards import RewardSettings
from safecrs.training.gdpo.advantages import Aggregation, gdpo_advantages, grpo_advantages
from safecrs.training.gdpo.ranks import TokenRanks
from safecrs.training.gdpo.settings import GdpoSettings

__all__ = [
    "Aggregation",
    "GdpoSettings",
    "RewardSettings",
    "TokenRanks",
    "gdpo_advantages",
    "grpo_advantages",
]
