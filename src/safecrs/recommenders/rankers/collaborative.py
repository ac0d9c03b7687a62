"""Rankers that learn from user histories alone: popularity and item-to-item neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from safecrs.catalog import Catalog
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.mentions import named_matrix
from safecrs.recommenders.rankers.ranking import ScoringRanker
from safecrs.slates.base import Request

_SHRINKAGE = 3.0
_TIE = 1e-9


class PopularityRanker(ScoringRanker):
    """Items by the number of users who liked them, whatever the request: the weakest baseline."""

    name = "popularity"

    def scores(self, requests: Sequence[Request]) -> NDArray[np.float64]:
        """The number of likes, [requests, items]."""
        return np.broadcast_to(self.likes, (len(requests), len(self.catalog)))


class NeighboursRanker(ScoringRanker):
    """Item-to-item: similarity(i, j) = c_ij / √(c_i c_j) · c_ij / (c_ij + 3).

    c_i counts the users who liked i, c_ij those who liked both; the second factor shrinks the similarity of
    pairs that few users share (Bell and Koren 2007). An item's score is the sum over the named items; ties,
    and requests that name nothing, are ranked by popularity.
    """

    name = "neighbours"

    def __init__(self, catalog: Catalog, histories: Histories) -> None:
        super().__init__(catalog, histories)
        users = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
        rows = np.concatenate([np.empty(0, dtype=np.int32), *histories])
        liked = sparse.csr_array((np.ones(len(rows)), (users, rows)), shape=(len(histories), len(catalog)))
        pairs = (liked.T @ liked).tocoo()
        (first, second), both = pairs.coords, pairs.data
        values = both / np.sqrt(self.likes[first] * self.likes[second]) * both / (both + _SHRINKAGE)
        values[first == second] = 0.0
        self.similarity = sparse.csr_array((values, (first, second)), shape=pairs.shape)

    def scores(self, requests: Sequence[Request]) -> NDArray[np.float64]:
        """Summed similarity to the named items, plus a tie-break by popularity, [requests, items]."""
        popularity = self.likes / max(self.likes.max(initial=0.0), 1.0)
        similar = (named_matrix(requests, self.catalog) @ self.similarity).toarray()
        return np.asarray(similar + _TIE * popularity)
