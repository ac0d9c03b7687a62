"""Policies: anything that maps a conversation to a slate."""

from safecrs.policies.base import Policy, Recommendation, Request, Slate
from safecrs.policies.checkpoint import LanguageModel, Precision
from safecrs.policies.constrained import ConstrainedPolicy
from safecrs.policies.endpoint import EndpointPolicy
from safecrs.policies.filtered import FilteredPolicy, Unknown
from safecrs.policies.language_model import LanguageModelPolicy
from safecrs.policies.neighbours import NeighboursPolicy
from safecrs.policies.popularity import PopularityPolicy
from safecrs.policies.prompting import Reasoning
from safecrs.policies.ranking import as_slate, resolved_slate
from safecrs.policies.retrieval import RetrievalPolicy
from safecrs.policies.slate_text import parse_slate
from safecrs.policies.tastes import Tastes, like_counts, taste_rows

__all__ = [
    "ConstrainedPolicy",
    "EndpointPolicy",
    "FilteredPolicy",
    "LanguageModel",
    "LanguageModelPolicy",
    "NeighboursPolicy",
    "Policy",
    "PopularityPolicy",
    "Precision",
    "Reasoning",
    "Recommendation",
    "Request",
    "RetrievalPolicy",
    "Slate",
    "Tastes",
    "Unknown",
    "as_slate",
    "like_counts",
    "parse_slate",
    "resolved_slate",
    "taste_rows",
]
