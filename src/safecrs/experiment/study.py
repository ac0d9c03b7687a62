"""What an experiment is given."""

from __future__ import annotations

from dataclasses import dataclass

from safecrs.benchmark import Benchmark, Report, quiet
from safecrs.oracle import Oracle

__all__ = ["K", "Report", "Study", "quiet"]

K = 10
"""Items a slate, in every experiment: the metrics are @10."""


@dataclass(frozen=True, slots=True)
class Study:
    """A benchmark, the oracle it was built with, and what the report must say about them.

    Attributes:
        command: what was typed to ask for it, for the cards of models that are trained on it.
    """

    title: str
    about: str
    benchmark: Benchmark
    oracle: Oracle
    caveats: tuple[str, ...] = ()
    command: str | None = None
