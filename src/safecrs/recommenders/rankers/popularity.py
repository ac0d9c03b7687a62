"""Recommend what most people liked, whatever is asked: the baseline every other policy must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from safecrs.recommenders.histories import Histories, like_counts
from safecrs.recommenders.rankers.ranking import top_slates
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.catalog import Catalog


class PopularityRanker:
    """Items by the number of people who liked them, without those already seen."""

    name = "popularity"

    def __init__(self, catalog: Catalog, tastes: Histories) -> None:
        self.catalog = catalog
        self.popularity = like_counts(tastes, len(catalog)).astype(np.float64)

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        lines = np.broadcast_to(self.popularity, (len(requests), len(self.catalog)))
        return top_slates(lines, requests, self.catalog, k)
