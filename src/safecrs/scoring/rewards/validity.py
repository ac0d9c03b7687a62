"""Validity: the list names items that exist, each once (ours): else titles are made up or repeated."""

from __future__ import annotations

import numpy as np

from safecrs.scoring.rewards.batch import ParsedSlates, Reward


def validity(slates: ParsedSlates) -> Reward:
    """Items that the catalog holds and that no earlier rank names / items listed; 0 for an empty list.

    A rank earns 1 for such an item, else 0.
    """
    good = (slates.rows >= 0) & ~slates.repeated
    valid = np.where(slates.filled, good, np.nan)
    return Reward(good.sum(axis=1) / np.maximum(slates.lengths, 1), valid)
