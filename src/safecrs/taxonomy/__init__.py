"""Sensitivity traits."""

from safecrs.taxonomy.model import (
    CATEGORIES,
    DEFAULT_THRESHOLD,
    SEVERITIES,
    Constraints,
    Domain,
    Taxonomy,
    Trait,
    load_taxonomy,
    merge_constraints,
    read_toml,
)

__all__ = [
    "CATEGORIES",
    "DEFAULT_THRESHOLD",
    "SEVERITIES",
    "Constraints",
    "Domain",
    "Taxonomy",
    "Trait",
    "load_taxonomy",
    "merge_constraints",
    "read_toml",
]
