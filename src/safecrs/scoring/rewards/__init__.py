"""Rewards: pure functions over parsed slates, vectorised over the batch through the compiled oracle."""

from safecrs.scoring.discounts import discounts
from safecrs.scoring.rewards.batch import (
    COLUMNS,
    Cases,
    JudgedBatch,
    ParsedSlates,
    Reward,
    judge_batch,
)
from safecrs.scoring.rewards.count import count
from safecrs.scoring.rewards.format import format_blocks
from safecrs.scoring.rewards.relevance import RankRelevance, relevance
from safecrs.scoring.rewards.safety import safety
from safecrs.scoring.rewards.score import RewardSettings, score, stack_ranks, watch
from safecrs.scoring.rewards.validity import validity

__all__ = [
    "COLUMNS",
    "Cases",
    "JudgedBatch",
    "ParsedSlates",
    "RankRelevance",
    "Reward",
    "RewardSettings",
    "count",
    "discounts",
    "format_blocks",
    "judge_batch",
    "relevance",
    "safety",
    "score",
    "stack_ranks",
    "validity",
    "watch",
]
