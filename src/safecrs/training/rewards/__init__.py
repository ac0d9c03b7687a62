"""Rewards: pure functions over parsed slates, vectorised over the batch through the compiled oracle."""

from safecrs.benchmark.discounts import discounts
from safecrs.training.rewards.batch import (
    COLUMNS,
    Cases,
    JudgedBatch,
    ParsedSlates,
    Reward,
    judge_batch,
)
from safecrs.training.rewards.count import count
from safecrs.training.rewards.format import format_blocks
from safecrs.training.rewards.relevance import RankRelevance, relevance
from safecrs.training.rewards.safety import safety
from safecrs.training.rewards.score import RewardSettings, score, stack_ranks, watch
from safecrs.training.rewards.validity import validity

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
