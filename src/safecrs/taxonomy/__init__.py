"""Sensitivities: traits, single topics and audiences, and the subjects that sources speak of."""

from safecrs.taxonomy.audience import audience_table
from safecrs.taxonomy.concerns import age_of, audience_id
from safecrs.taxonomy.model import Taxonomy, load_taxonomy, merge_constraints
from safecrs.taxonomy.topics import CATEGORIES, SEVERITIES
from safecrs.taxonomy.trait import DEFAULT_THRESHOLD, Constraints, Domain, Trait

__all__ = [
    "CATEGORIES",
    "DEFAULT_THRESHOLD",
    "SEVERITIES",
    "Constraints",
    "Domain",
    "Taxonomy",
    "Trait",
    "age_of",
    "audience_id",
    "audience_table",
    "load_taxonomy",
    "merge_constraints",
]
