"""Rankers that need no language model, by name."""

from __future__ import annotations

from collections.abc import Callable

from safecrs.catalog import Catalog
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.bm25 import BM25Ranker
from safecrs.recommenders.rankers.collaborative import NeighboursRanker, PopularityRanker
from safecrs.recommenders.rankers.mentions import NamedFirstRanker

_PRIOR = 0.2
"""Weight of popularity where the request describes items instead of naming them."""


def _default(catalog: Catalog, histories: Histories) -> Ranker:
    """Item-to-item neighbours where the request names items, BM25 where it does not."""
    if not len(histories):
        return BM25Ranker(catalog)
    by_words = BM25Ranker(catalog, histories, prior=_PRIOR)
    return NamedFirstRanker(NeighboursRanker(catalog, histories), by_words, catalog)


RANKERS: dict[str, Callable[[Catalog, Histories], Ranker]] = {
    "default": _default,
    "popularity": PopularityRanker,
    "bm25": BM25Ranker,
    "neighbours": NeighboursRanker,
}
"""Ranker id → constructor from a catalog and the user histories to learn from."""
