"""Safe, unsafe or unknown, and the one rule that decides between them."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from safecrs.taxonomy import Constraints, Taxonomy, merge_constraints

Key = frozenset[tuple[str, float]]
"""Constraints in hashable form: (trait id, τ) pairs."""


class Verdict(IntEnum):
    """What the oracle says of an item for a person; unknown is never silently safe."""

    SAFE = 0
    UNSAFE = 1
    UNKNOWN = 2


def constraint_key(constraints: Constraints, taxonomy: Taxonomy) -> Key:
    """Constraints by trait id; of two names of one trait the stricter threshold holds."""
    ids = [name if name in taxonomy.column else taxonomy.trait(name).id for name in constraints]
    merged = merge_constraints(*({key: tau} for key, tau in zip(ids, constraints.values(), strict=True)))
    return frozenset(merged.items())


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


def worst(verdicts: Iterable[NDArray[np.int8]], items: int) -> NDArray[np.int8]:
    """The verdicts over several traits, int8 [items]: any UNSAFE, else any UNKNOWN, else SAFE."""
    unsafe = np.zeros(items, dtype=np.bool_)
    unknown = np.zeros(items, dtype=np.bool_)
    for verdict in verdicts:
        unsafe |= verdict == Verdict.UNSAFE
        unknown |= verdict == Verdict.UNKNOWN
    result = np.full(items, Verdict.SAFE, dtype=np.int8)
    result[unknown] = Verdict.UNKNOWN
    result[unsafe] = Verdict.UNSAFE
    return result
