"""Importers, one a corpus: they return `Imported` dialogues or `Interactions`."""

from safecrs.benchmark.sources.dialogue import Dialogue, Imported
from safecrs.benchmark.sources.inspired import read_inspired
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.movielens import movielens_small, read_movielens
from safecrs.benchmark.sources.reddit import read_reddit, read_reddit_items
from safecrs.benchmark.sources.redial import read_redial, read_redial_items
from safecrs.benchmark.sources.released import read_released

__all__ = [
    "Dialogue",
    "Imported",
    "Interactions",
    "movielens_small",
    "read_inspired",
    "read_movielens",
    "read_reddit",
    "read_reddit_items",
    "read_redial",
    "read_redial_items",
    "read_released",
]
