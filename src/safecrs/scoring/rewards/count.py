"""Count: the list has the length that was asked for (SafeCRS): else a model looks safe by saying little."""

from __future__ import annotations

import numpy as np

from safecrs.scoring.rewards.batch import ParsedSlates, Reward, share


def count(slates: ParsedSlates, target: int = 10) -> Reward:
    """+1 for exactly ``target`` items, else −|n − target| / target; the paper's λ_c is the weight.

    Every rank of the list shares it.
    """
    off = np.abs(slates.lengths - target) / target
    return share(np.where(off == 0, 1.0, -off), slates)
