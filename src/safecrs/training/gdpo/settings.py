"""Safe-GDPO's own settings, the table ``[gdpo]`` of a preset."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from safecrs.scoring.rewards import RewardSettings
from safecrs.slates.template import Reasoning
from safecrs.training.gdpo.advantages import Aggregation


class GdpoSettings(BaseModel, frozen=True, extra="forbid"):
    """Options beside TRL's ``GRPOConfig``; GRPO, GDPO and Rank-GRPO differ by these alone.

    Attributes:
        aggregation: whether objectives are compared one by one ("gdpo") or as a sum ("grpo").
        credit: whether a completion or each rank of its list has its own rewards, advantage and importance
            ratio.
        rollouts: whether the policy samples freely, or ``rewards.target`` different titles of the catalog,
            with choices only where titles diverge.
        mask: what constrained rollouts may name: items the person has not seen ("catalog"), or of these the
            ones that are not unsafe for them ("oracle"), as in constrained serving. Under the oracle's mask
            the safety reward is constant and relevance alone is learnt.
        reasoning: where the safety analysis of constrained rollouts comes from: the benchmark ("given"), as
            in constrained serving, the policy ("generate"), or nowhere ("none"), for a model that was trained
            without.
    """

    aggregation: Aggregation = "gdpo"
    credit: Literal["sequence", "rank"] = "sequence"
    rewards: RewardSettings = Field(default_factory=RewardSettings)
    rollouts: Literal["free", "constrained"] = "free"
    mask: Literal["catalog", "oracle"] = "oracle"
    reasoning: Reasoning = "given"
