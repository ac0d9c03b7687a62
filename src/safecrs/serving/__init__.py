"""Serving: the recommender people use."""

from safecrs.serving.recommender import Answer, Recommender, Suggestion

__all__ = ["Answer", "Recommender", "Suggestion"]
