"""Decoding that cannot leave the catalog, nor recommend what is unsafe for this user."""

from safecrs.policies.constrained.decoder import Frame, SlateWriter, Written
from safecrs.policies.constrained.mask import AllowedTitles
from safecrs.policies.constrained.policy import ConstrainedPolicy
from safecrs.policies.constrained.trie import CatalogTrie, label_paths

__all__ = [
    "AllowedTitles",
    "CatalogTrie",
    "ConstrainedPolicy",
    "Frame",
    "SlateWriter",
    "Written",
    "label_paths",
]
