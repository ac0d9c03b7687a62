"""Rankers that need no language model, by name."""

from __future__ import annotations

from collections.abc import Callable

from safecrs.catalog import Catalog
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.bm25 import BM25Ranker
from safecrs.recommenders.rankers.collaborative import NeighboursRanker, PopularityRanker
from safecrs.recommenders.rankers.hybrid import HybridRanker

RANKERS: dict[str, Callable[[Catalog, Histories], Ranker]] = {
    "default": HybridRanker,
    "popularity": PopularityRanker,
    "bm25": BM25Ranker,
    "neighbours": NeighboursRanker,
}
"""Ranker id → constructor from a catalog and the user histories to learn from."""
