"""Recommend what most people liked, whatever is asked: the baseline every other policy must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from safecrs.policies.base import Request, Slate
from safecrs.policies.ranking import top_slates
from safecrs.policies.tastes import Tastes, like_counts

if TYPE_CHECKING:
    from safecrs.catalog import Catalog


class PopularityPolicy:
    """Items by the number of people who liked them, without those already seen."""

    name = "popularity"

    def __init__(self, catalog: Catalog, tastes: Tastes) -> None:
        self.catalog = catalog
        self.popularity = like_counts(tastes, len(catalog)).astype(np.float64)

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        lines = np.broadcast_to(self.popularity, (len(requests), len(self.catalog)))
        return top_slates(lines, requests, self.catalog, k)
