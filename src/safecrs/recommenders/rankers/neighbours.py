"""Recommend what people liked who also liked the items that the conversation names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from safecrs.recommenders.histories import Histories, like_counts
from safecrs.recommenders.rankers.named import named_matrix
from safecrs.recommenders.rankers.ranking import top_slates
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.catalog import Catalog

_BATCH = 512
_TIE = 1e-9


class NeighboursRanker:
    """Item-to-item: similarity(i, j) = c_ij / √(c_i c_j) · c_ij / (c_ij + shrinkage).

    c_i counts the people who liked i, c_ij those who liked both; the second factor distrusts pairs that few
    people share (Bell and Koren 2007). An item's score is the sum over the named items; ties, and requests
    that name nothing, go by popularity.
    """

    name = "neighbours"

    def __init__(self, catalog: Catalog, tastes: Histories, shrinkage: float = 3.0) -> None:
        self.catalog = catalog
        counts = like_counts(tastes, len(catalog)).astype(np.float64)
        self.popularity = counts / max(counts.max(initial=0.0), 1.0)
        self.similarity = _similarity(tastes, counts, shrinkage)

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        slates: list[Slate] = []
        for start in range(0, len(requests), _BATCH):
            batch = requests[start : start + _BATCH]
            scores = (named_matrix(batch, self.catalog) @ self.similarity).toarray()
            slates += top_slates(scores + _TIE * self.popularity, batch, self.catalog, k)
        return slates


def _similarity(tastes: Histories, counts: np.ndarray, shrinkage: float) -> sparse.csr_array:
    rows = np.concatenate([np.empty(0, dtype=np.int32), *tastes])
    people = np.repeat(np.arange(len(tastes)), [len(taste) for taste in tastes])
    liked = sparse.csr_array((np.ones(len(rows)), (people, rows)), shape=(len(tastes), len(counts)))
    pairs = (liked.T @ liked).tocoo()
    first, second = pairs.coords
    both = pairs.data
    values = both / np.sqrt(counts[first] * counts[second]) * both / (both + shrinkage)
    values[first == second] = 0.0
    return sparse.csr_array((values, (first, second)), shape=pairs.shape)
