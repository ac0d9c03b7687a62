"""Rankers that need no language model."""
