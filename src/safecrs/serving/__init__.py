"""Serving: the recommender people use."""

from safecrs.serving.recommender import Answer, Recommender, Suggestion
from safecrs.serving.shipped import model_named, shipped_model

__all__ = ["Answer", "Recommender", "Suggestion", "model_named", "shipped_model"]
