"""Decoding restricted to titles that are in the catalog and allowed for this user."""

from safecrs.recommenders.constrained.decoder import Completion, ConstrainedDecoder
from safecrs.recommenders.constrained.ranker import ConstrainedRanker
from safecrs.recommenders.constrained.trie import AllowedTitles, CatalogTrie

__all__ = ["AllowedTitles", "CatalogTrie", "Completion", "ConstrainedDecoder", "ConstrainedRanker"]
