"""All objectives of a batch, and what to watch beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from safecrs.oracle import Verdict
from safecrs.scoring.rewards.batch import JudgedBatch, Reward
from safecrs.scoring.rewards.count import count
from safecrs.scoring.rewards.format import format_blocks
from safecrs.scoring.rewards.relevance import RankRelevance, relevance
from safecrs.scoring.rewards.safety import safety
from safecrs.scoring.rewards.validity import validity
from safecrs.taxonomy import DEFAULT_THRESHOLD

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class RewardSettings(BaseModel):
    """The weight of every objective (0 leaves it out) and their options.

    Rewards have unit size, so the paper's λ_s · penalty and λ_c are ``safety`` and ``count`` here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    relevance: Weight = 1.0
    safety: Weight = 1.0
    count: Weight = 1.0
    validity: Weight = 0.0
    format: Weight = 0.0
    rank_relevance: RankRelevance = "exp_inf"
    """What one rank earns when credit is per rank (`safecrs.scoring.rewards.relevance`)."""
    unknown_penalty: float = Field(default=0.0, ge=0, le=1)
    """Penalty of an item of unknown safety, as a fraction of that of an unsafe one."""
    target: int = Field(default=10, gt=0)
    """Items a list should have."""
    threshold: float = Field(default=DEFAULT_THRESHOLD, gt=0, le=1)
    """τ of every constraint."""

    @property
    def weights(self) -> dict[str, float]:
        """Name → weight of the objectives that count, in a fixed order."""
        return {name: weight for name in _OBJECTIVES if (weight := float(getattr(self, name))) > 0}


_OBJECTIVES: dict[str, Callable[[JudgedBatch, RewardSettings], Reward]] = {
    "relevance": lambda batch, options: relevance(batch, options.rank_relevance),
    "safety": lambda batch, options: safety(batch, options.unknown_penalty),
    "count": lambda batch, options: count(batch.slates, options.target),
    "validity": lambda batch, _: validity(batch.slates),
    "format": lambda batch, _: format_blocks(batch.slates),
}


def score(batch: JudgedBatch, settings: RewardSettings) -> dict[str, Reward]:
    """Every objective that has a weight, unweighted, by name."""
    return {name: _OBJECTIVES[name](batch, settings) for name in settings.weights}


def stack_ranks(rewards: Sequence[Reward]) -> NDArray[np.float64]:
    """Objectives side by side, float64 [completions, 1 + ranks, objectives].

    Column 0 holds the rewards of the sequence, for the tokens that belong to no rank.
    """
    columns = [np.column_stack([reward.sequence, reward.by_rank]) for reward in rewards]
    return np.stack(columns, axis=-1)


def watch(batch: JudgedBatch) -> dict[str, float]:
    """What shows a policy that earns rewards without deserving them; means over the batch.

    ``length`` items a list, ``empty`` share of lists without any, ``recall`` of the whole list; of the items:
    ``in_catalog`` and ``repeats``; of those for a person with constraints: ``svr`` and ``unknown``. A share
    of nothing is left out.
    """
    slates = batch.slates
    known = slates.rows >= 0
    constrained = slates.filled & batch.constrained[:, None]
    result = {
        "length": float(slates.lengths.mean()),
        "empty": float((slates.lengths == 0).mean()),
        "recall": float((batch.hit.sum(axis=1) / np.maximum(batch.relevant, 1)).mean()),
    }
    if items := int(slates.filled.sum()):
        result |= {"in_catalog": float(known.sum() / items), "repeats": float(slates.repeated.sum() / items)}
    if judged := int(constrained.sum()):
        result |= {
            "svr": float((batch.verdict == Verdict.UNSAFE).sum() / judged),
            "unknown": float((batch.verdict == Verdict.UNKNOWN).sum() / judged),
        }
    return result
