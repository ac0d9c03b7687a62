"""Relevance: the list names what the person really liked (SafeCRS; per rank: Zhu et al. 2025, Rank-GRPO)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.scoring.discounts import discounts
from safecrs.scoring.rewards.batch import JudgedBatch, Reward

RankRelevance = Literal["any_hit", "exp_inf", "log_decay"]


def relevance(batch: JudgedBatch, by_rank: RankRelevance = "exp_inf") -> Reward:
    """1 if any rank hits, else 0.

    ``by_rank`` says what a single rank k earns: "any_hit" the same for all ranks; "exp_inf" hit[k], its own
    hit and nothing else; "log_decay" Σ_{j≥k} hit[j] · d[j], the DCG still to come from k on.
    """
    filled = batch.slates.filled
    hit = batch.hit.astype(np.float64)
    earned: NDArray[np.float64]
    sequence = np.asarray(batch.hit.any(axis=1), dtype=np.float64)
    if by_rank == "any_hit":
        earned = np.broadcast_to(sequence[:, None], hit.shape)
    elif by_rank == "exp_inf":
        earned = hit
    else:
        gain = hit * discounts(hit.shape[1])
        earned = np.cumsum(gain[:, ::-1], axis=1)[:, ::-1]
    return Reward(sequence, np.where(filled, earned, np.nan))
