"""Decoding that cannot leave the catalog, nor recommend what is unsafe for this user."""

from safecrs.recommenders.constrained.decoder import Completion, ConstrainedDecoder, ResponseTemplate
from safecrs.recommenders.constrained.mask import AllowedTitles
from safecrs.recommenders.constrained.ranker import ConstrainedRanker
from safecrs.recommenders.constrained.trie import CatalogTrie, label_paths

__all__ = [
    "AllowedTitles",
    "CatalogTrie",
    "Completion",
    "ConstrainedDecoder",
    "ConstrainedRanker",
    "ResponseTemplate",
    "label_paths",
]
