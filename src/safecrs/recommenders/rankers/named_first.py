"""Two policies in one: tastes where the person names items, words where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safecrs.recommenders.base import Ranker
from safecrs.recommenders.rankers.named import named_rows
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.catalog import Catalog


class NamedFirstRanker:
    """Asks ``by_items`` for requests that name an item of the catalog, ``by_words`` for all others."""

    def __init__(self, by_items: Ranker, by_words: Ranker, catalog: Catalog) -> None:
        self.by_items, self.by_words, self.catalog = by_items, by_words, catalog
        self.name = f"{by_items.name} or {by_words.name}"

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        names = [bool(named_rows(request, self.catalog)) for request in requests]
        slates = {
            wanted: iter(
                policy.recommend([r for r, n in zip(requests, names, strict=True) if n is wanted], k)
            )
            for wanted, policy in ((True, self.by_items), (False, self.by_words))
        }
        return [next(slates[named]) for named in names]
