"""Remove liked items that violate a person's traits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from safecrs.oracle import Oracle
from safecrs.storage import fingerprint
from safecrs.taxonomy import DEFAULT_THRESHOLD, Taxonomy


@dataclass(frozen=True)
class VerdictTable:
    """Every trait's verdict on every item at one threshold.

    Attributes:
        unsafe, unknown: bool [items, traits]; an item is never both for one trait.
    """

    taxonomy: Taxonomy
    threshold: float
    unsafe: NDArray[np.bool_]
    unknown: NDArray[np.bool_]

    @classmethod
    def of(cls, oracle: Oracle, threshold: float = DEFAULT_THRESHOLD) -> VerdictTable:
        """The oracle's verdicts, trait by trait."""
        single = [{trait: threshold} for trait in oracle.taxonomy.ids]
        return cls(
            oracle.taxonomy,
            threshold,
            np.stack([oracle.unsafe(constraints) for constraints in single], axis=1),
            np.stack([oracle.unknown(constraints) for constraints in single], axis=1),
        )

    @cached_property
    def unsafe_share(self) -> NDArray[np.float64]:
        """Share of the catalog that violates each trait, [traits]."""
        return np.asarray(self.unsafe.mean(axis=0), dtype=np.float64)

    def columns(self, traits: Iterable[str]) -> list[int]:
        """Columns of trait ids."""
        return [self.taxonomy.column[trait] for trait in traits]

    def fingerprint(self) -> str:
        """Changes when any verdict or trait does."""
        return fingerprint(
            np.packbits(self.unsafe).tobytes(), np.packbits(self.unknown).tobytes(), *self.taxonomy.ids
        )


Rows = tuple[int, ...]


def filter_liked(liked: Sequence[int], traits: Sequence[str], table: VerdictTable) -> tuple[Rows, Rows, Rows]:
    """The rows kept, those removed, and the kept ones without a verdict, each in the order of ``liked``.

    Removed is what is unsafe for any of ``traits``; what is unknown stays, as in SafeCRS, and is counted.
    """
    rows = np.asarray(liked, dtype=np.int64)
    columns = table.columns(traits)
    unsafe = table.unsafe[rows][:, columns].any(axis=1)
    unknown = table.unknown[rows][:, columns].any(axis=1) & ~unsafe
    kept, removed, doubtful = (tuple(rows[chosen].tolist()) for chosen in (~unsafe, unsafe, unknown))
    return kept, removed, doubtful
