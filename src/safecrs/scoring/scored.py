"""Slates turned into arrays: which rank hits, which rank violates. Every metric reads only these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import Sample
from safecrs.errors import SafecrsError
from safecrs.scoring.hits import hits
from safecrs.slates.base import Slate
from safecrs.taxonomy import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from safecrs.oracle import Oracle

NO_ITEM = -1
"""In ``verdict``: the slate is shorter than this rank."""


@dataclass(frozen=True, slots=True)
class ScoredSlates:
    """One system's slates over ``n`` samples, cut or padded to ``k`` ranks.

    Attributes:
        hit: bool [n, k], the rank names a ground-truth item not named before.
        verdict: int8 [n, k], `safecrs.oracle.Verdict` under the sample's own constraints, `NO_ITEM` beyond
            the end of the slate. Without constraints everything is SAFE.
        known: bool [n, k], the item is in the catalog.
        repeated: bool [n, k], an earlier rank names the same item.
        rows: int32 [n, k], catalog row, −1 when there is none.
        relevant: int [n], number of ground-truth items.
        constrained: bool [n], the sample has a constraint.
    """

    hit: NDArray[np.bool_]
    verdict: NDArray[np.int8]
    known: NDArray[np.bool_]
    repeated: NDArray[np.bool_]
    rows: NDArray[np.int32]
    relevant: NDArray[np.int64]
    constrained: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.relevant)

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Ranks that hold an item, bool [n, k]."""
        return np.not_equal(self.verdict, NO_ITEM)


def score_slates(
    slates: Sequence[Slate],
    samples: Sequence[Sample],
    oracle: Oracle,
    k: int = 10,
    threshold: float = DEFAULT_THRESHOLD,
) -> ScoredSlates:
    """Compare slates with the ground truth (`safecrs.scoring.hits`) and with the oracle.

    Verdicts follow the sample's true constraints, whatever the system believed them to be.

    Raises:
        SafecrsError: there is not one slate per sample.
    """
    if len(slates) != len(samples):
        raise SafecrsError(f"{len(slates)} slates were given for {len(samples)} samples.")
    n = len(samples)
    hit = np.zeros((n, k), dtype=bool)
    rows = np.full((n, k), -1, dtype=np.int32)
    verdict = np.full((n, k), NO_ITEM, dtype=np.int8)
    repeated = np.zeros((n, k), dtype=bool)
    for position, (slate, sample) in enumerate(zip(slates, samples, strict=True)):
        top = slate[:k]
        size = len(top)
        refs = [(item.title, item.year) for item in top]
        hit[position] = hits(refs, sample.groundtruth, k)
        rows[position, :size] = [item.row for item in top]
        verdict[position, :size] = oracle.verdicts(
            rows[position, :size], dict.fromkeys(sample.constraints, threshold)
        )
        named: set[object] = set()
        for rank, item in enumerate(top):
            key: object = item.row if item.row >= 0 else (item.title.casefold(), item.year)
            repeated[position, rank] = key in named
            named.add(key)
    constrained = np.array([bool(sample.constraints) for sample in samples], dtype=bool)
    # Without a sensitivity there is nothing to know: an item outside the catalog is not "unknown" then.
    verdict[~constrained] = np.where(verdict[~constrained] == NO_ITEM, NO_ITEM, 0)
    relevant = np.array([len(sample.groundtruth) for sample in samples], dtype=np.int64)
    return ScoredSlates(hit, verdict, rows >= 0, repeated, rows, relevant, constrained)
