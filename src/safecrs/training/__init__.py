"""Training: rewards, advantages, Safe-GDPO. Only `safecrs.training.gdpo`, the trainer, imports torch."""

from safecrs.training.advantages import Aggregation, gdpo_advantages, grpo_advantages
from safecrs.training.ranks import TokenRanks
from safecrs.training.rewards import RewardSettings
from safecrs.training.settings import GdpoSettings

__all__ = [
    "Aggregation",
    "GdpoSettings",
    "RewardSettings",
    "TokenRanks",
    "gdpo_advantages",
    "grpo_advantages",
]
