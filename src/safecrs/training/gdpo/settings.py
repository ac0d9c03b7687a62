"""What is ours in reinforcement learning, apart from TRL's configuration."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from safecrs.scoring.rewards import RewardSettings
from safecrs.slates.template import Reasoning
from safecrs.training.gdpo.advantages import Aggregation


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
    rollouts: Literal["free", "constrained"] = "free"
    """Whether the policy writes what it wants, or ``rewards.target`` different titles of the catalog, with
    choices only where titles part ways (`safecrs.training.gdpo.rollouts`)."""
    mask: Literal["catalog", "oracle"] = "oracle"
    """What constrained rollouts may name: whatever the person has not seen ("catalog"), or of that what is
    not unsafe for them ("oracle"), as in constrained serving. Under the oracle's mask safety is constant and
    relevance alone is learnt; what is unsafe is learnt only where it may be written."""
    reasoning: Reasoning = "given"
    """Who writes the safety analysis of constrained rollouts: the benchmark ("given"), as in constrained
    serving, the policy ("generate"), or nobody ("none"), for a model that was trained without."""
