"""Safe, unsafe or unknown, and the one rule that decides between them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from safecrs.taxonomy import Constraints, Taxonomy, merge_constraints

Key = frozenset[tuple[int, float]]
"""Constraints in hashable form: (trait column, τ) pairs."""


class Verdict(IntEnum):
    """What the oracle says of an item for a person; unknown is never silently safe."""

    SAFE = 0
    UNSAFE = 1
    UNKNOWN = 2


def constraint_key(constraints: Constraints, taxonomy: Taxonomy) -> Key:
    """Constraints as columns and thresholds; of two names of one trait the stricter threshold holds."""
    ids = [name if name in taxonomy.column else taxonomy.trait(name).id for name in constraints]
    merged = merge_constraints(*({key: tau} for key, tau in zip(ids, constraints.values(), strict=True)))
    return frozenset((taxonomy.column[key], tau) for key, tau in merged.items())


def trait_verdict(
    risk: NDArray[np.float32], possible_risk: NDArray[np.float32], threshold: float
) -> NDArray[np.int8]:
    """Verdicts of one trait at threshold τ, int8 of the arrays' shape.

    UNSAFE where risk ≥ τ; else UNKNOWN where the risk is NaN or the possible risk is at least τ/2; else SAFE.
    """
    tau = np.float32(threshold)
    unknown = np.isnan(risk) | (possible_risk >= tau / 2)
    verdict = np.where(unknown, np.int8(Verdict.UNKNOWN), np.int8(Verdict.SAFE))
    verdict[risk >= tau] = Verdict.UNSAFE
    return verdict


def overall_verdicts(
    risk: NDArray[np.float32], possible_risk: NDArray[np.float32], key: Key
) -> NDArray[np.int8]:
    """Verdicts over all traits of ``key``: int8 [items] from risk and possible risk [items, traits].

    Any unsafe trait makes the item UNSAFE; else any unknown trait makes it UNKNOWN; else it is SAFE.
    """
    result = np.full(len(risk), Verdict.SAFE, dtype=np.int8)
    for column, threshold in key:
        verdict = trait_verdict(risk[:, column], possible_risk[:, column], threshold)
        result = np.where((result == Verdict.UNSAFE) | (verdict == Verdict.SAFE), result, verdict)
    return result
