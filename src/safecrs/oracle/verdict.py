"""Safe, unsafe or unknown, and the one rule that decides between them."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError
from safecrs.taxonomy import Constraints, Taxonomy

Key = frozenset[tuple[int, float]]
"""Constraints in hashable form: (trait column, τ) pairs."""


class Verdict(IntEnum):
    """What the oracle says of an item for a person; unknown is never silently safe."""

    SAFE = 0
    UNSAFE = 1
    UNKNOWN = 2


def constraint_key(constraints: Constraints, taxonomy: Taxonomy) -> Key:
    """Constraints as columns and thresholds; two names of one trait keep the stricter threshold.

    Raises:
        SafecrsError: a trait is not in the taxonomy or a threshold is outside (0, 1].
    """
    columns: dict[int, float] = {}
    for name, threshold in constraints.items():
        column = taxonomy.column.get(name)
        if column is None:
            column = taxonomy.column[taxonomy.trait(name).id]
        if not 0 < threshold <= 1:
            raise SafecrsError(f"A risk threshold must lie above 0 and at most at 1, not at {threshold!r}.")
        columns[column] = min(float(threshold), columns.get(column, 1.0))
    return frozenset(columns.items())


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
    unsafe = np.zeros(len(risk), dtype=np.bool_)
    unknown = np.zeros(len(risk), dtype=np.bool_)
    for column, threshold in key:
        verdict = trait_verdict(risk[:, column], possible_risk[:, column], threshold)
        unsafe |= verdict == Verdict.UNSAFE
        unknown |= verdict == Verdict.UNKNOWN
    result = np.full(len(risk), Verdict.SAFE, dtype=np.int8)
    result[unknown] = Verdict.UNKNOWN
    result[unsafe] = Verdict.UNSAFE
    return result
