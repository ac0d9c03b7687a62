"""Risk from parents-guide severities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from safecrs.taxonomy import Taxonomy


def guide_weights(taxonomy: Taxonomy) -> NDArray[np.float64]:
    """w(t)/Σw(t), float64 [traits, categories]; zeros for a trait that the guide does not cover.

    Double precision, so that a risk of exactly 1/3 or 2/3 is still that after rounding to float32.
    """
    weights = np.array([trait.guide for trait in taxonomy.traits], dtype=np.float64)
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.where(total > 0, total, 1)


def pg_risk(severities: ArrayLike, taxonomy: Taxonomy) -> NDArray[np.float32]:
    """Parents-guide risk of every trait: w(t)·s / (3 Σ w(t)), 0 where Σ w = 0 (SafeCRS, Hao et al. 2026).

    Args:
        severities: s, 0…3 over `CATEGORIES`, shape [categories] or [items, categories].

    Returns:
        float32 [traits] or [items, traits], in [0, 1].
    """
    severity = np.asarray(severities, dtype=np.float64)
    return (severity @ guide_weights(taxonomy).T / 3).astype(np.float32)
