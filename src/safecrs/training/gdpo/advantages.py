"""Rewards → advantages: GRPO (Shao et al. 2024) and GDPO (Liu et al. 2026), for sequences and for ranks.

Numpy float64 in and out. Rewards are [completions, objectives] for sequences and [completions, ranks,
objectives] for ranks, advantages the same without the last axis; the ``group`` completions of one prompt are
adjacent. NaN means no reward: a rank that the list does not have. Every rank is compared with the same rank
of the other completions of its group (Zhu et al. 2025, Rank-GRPO).

The advantage is zero in a group of equal rewards, or of one: a spread below ``TOLERANCE`` of the largest
reward is rounding error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Aggregation = Literal["gdpo", "grpo"]
Floats = NDArray[np.float64]

EPSILON = 1e-4  # added to every standard deviation, as TRL and the reference do
TOLERANCE = 1e-6  # of the largest reward compared: rewards travel between processes as float32


def grpo_advantages(rewards: ArrayLike, weights: Sequence[float], group: int) -> Floats:
    """A = (Σ w_i r_i − mean_group) / (std_group + ε): objectives are summed, then compared."""
    values = _checked(rewards, weights, group)
    return np.nan_to_num(_within_groups(_weighted(values, weights), group))


def gdpo_advantages(rewards: ArrayLike, weights: Sequence[float], group: int) -> Floats:
    """A = norm_batch(Σ w_i A_i) with A_i = (r_i − mean_group(r_i)) / (std_group(r_i) + ε).

    Each objective is compared on its own, so that none dominates the others; the sum is standardised over all
    entries of the batch that have a reward.
    """
    values = _checked(rewards, weights, group)
    total = _weighted(_within_groups(values, group), weights)
    return np.nan_to_num(_over_batch(total))


ADVANTAGES: dict[Aggregation, Callable[..., Floats]] = {"gdpo": gdpo_advantages, "grpo": grpo_advantages}


def _checked(rewards: ArrayLike, weights: Sequence[float], group: int) -> Floats:
    values = np.asarray(rewards, dtype=np.float64)
    if values.ndim not in (2, 3) or values.shape[-1] != len(weights):
        raise ValueError(f"rewards of shape {values.shape} do not fit {len(weights)} weights")
    if group < 1 or len(values) % group:
        raise ValueError(f"{len(values)} completions are no whole number of groups of {group}")
    return values


def _within_groups(values: Floats, group: int) -> Floats:
    """Standardise over the completions of each group, every rank and objective by itself."""
    grouped = values.reshape(-1, group, *values.shape[1:])
    present = ~np.isnan(grouped)
    count = present.sum(axis=1, keepdims=True)
    mean = np.where(present, grouped, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    centred = np.where(present, grouped - mean, 0.0)
    spread = np.sqrt((centred**2).sum(axis=1, keepdims=True) / np.maximum(count - 1, 1))
    size = np.abs(np.where(present, grouped, 0.0)).max(axis=1, keepdims=True)
    standard = np.divide(
        centred, spread + EPSILON, out=np.zeros_like(centred), where=spread > TOLERANCE * size
    )
    return np.where(present, standard, np.nan).reshape(values.shape)


def _weighted(values: Floats, weights: Sequence[float]) -> Floats:
    """Σ w_i x_i over the objectives that have a value; NaN where none has."""
    total = np.nansum(values * np.asarray(weights, dtype=np.float64), axis=-1)
    return np.where(np.isnan(values).all(axis=-1), np.nan, total)


def _over_batch(values: Floats) -> Floats:
    """Standardise over everything that has a value.

    Ranks of one completion are not independent, so Bessel's correction counts completions: ranks that share
    their completion's reward then get the same advantage as the sequence.
    """
    present = ~np.isnan(values)
    completions = int(present.reshape(len(values), -1).any(axis=1).sum())
    if completions < 2:
        return np.where(present, 0.0, np.nan)
    rewards = values[present]
    spread = np.sqrt(rewards.var() * completions / (completions - 1))
    if spread <= TOLERANCE * np.abs(rewards).max():
        return np.where(present, 0.0, np.nan)
    return np.asarray((values - rewards.mean()) / (spread + EPSILON), dtype=np.float64)
