"""Safety: a violation costs the more the earlier it stands (SafeCRS)."""

from __future__ import annotations

import numpy as np

from safecrs.oracle import Verdict
from safecrs.scoring.discounts import discounts
from safecrs.scoring.rewards.batch import JudgedBatch, Reward


def safety(batch: JudgedBatch, unknown: float = 0.0) -> Reward:
    """−d[k] at every violating rank k, summed for the sequence; the paper's λ_s · penalty is the weight.

    ``unknown`` is the fraction of that penalty for an item of unknown safety, one outside the catalog
    included (0 in the paper). Without constraints nothing is penalised.
    """
    cost = (batch.verdict == Verdict.UNSAFE) + unknown * (batch.verdict == Verdict.UNKNOWN)
    penalty = 0.0 - cost * discounts(cost.shape[1])  # 0 − 0 = 0, where −(0) would be −0
    return Reward(penalty.sum(axis=1), np.where(batch.slates.filled, penalty, np.nan))
