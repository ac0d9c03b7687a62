"""From scores over the catalog to slates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.recommenders.histories import Histories, like_counts
from safecrs.slates.base import Recommendation, Ref, Request, Slate

_BATCH = 512


class ScoringRanker(ABC):
    """A ranker that scores every item of the catalog; seen items are left out, ties go to the smaller row."""

    name: str

    def __init__(self, catalog: Catalog, histories: Histories = ()) -> None:
        self.catalog = catalog
        self.likes = like_counts(histories, len(catalog)).astype(np.float64)

    @abstractmethod
    def scores(self, requests: Sequence[Request]) -> NDArray[np.float64]:
        """The score of every item for each request, [requests, items]."""

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        slates: list[Slate] = []
        for start in range(0, len(requests), _BATCH):
            batch = requests[start : start + _BATCH]
            for row, request in zip(self.scores(batch), batch, strict=True):
                scores = row.copy()
                scores[list(request.seen)] = -np.inf
                best = _largest(scores, min(k, len(scores) - len(request.seen)))
                slates.append(as_slate(best, self.catalog))
        return slates


def as_slate(rows: Sequence[int] | NDArray[np.integer], catalog: Catalog) -> Slate:
    """Catalog rows, best first, as recommendations."""
    return [Recommendation(catalog.title(int(row)), catalog.year(int(row)), int(row)) for row in rows]


def resolved_slate(refs: Sequence[Ref], catalog: Catalog) -> Slate:
    """Titles and years as a model wrote them, with their catalog rows (−1 for none)."""
    rows = catalog.resolve_many([title for title, _ in refs], [year for _, year in refs])
    return [Recommendation(title, year, int(row)) for (title, year), row in zip(refs, rows, strict=True)]


def _largest(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Positions of the ``count`` largest values, descending, ties by position."""
    if count <= 0:
        return np.empty(0, dtype=np.intp)
    # Keep every value that ties with the last one: which of them is first must not depend on the partition.
    least = np.partition(values, len(values) - count)[len(values) - count]
    candidates = np.flatnonzero(values >= least)
    return candidates[np.argsort(-values[candidates], kind="stable")[:count]]
