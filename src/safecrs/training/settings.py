"""What is ours in reinforcement learning, apart from TRL's configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from safecrs.training.advantages import Aggregation
from safecrs.training.rewards import RewardSettings


class GdpoSettings(BaseModel):
    """What is ours in the training; everything else is TRL's own ``GRPOConfig``.

    GRPO, GDPO and Rank-GRPO differ by these options alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    aggregation: Aggregation = "gdpo"
    """Whether objectives are compared one by one ("gdpo") or as a sum ("grpo")."""
    credit: Literal["sequence", "rank"] = "sequence"
    """Whether a completion or each rank of its list has its own rewards, advantage and importance ratio."""
    rewards: RewardSettings = Field(default_factory=RewardSettings)
