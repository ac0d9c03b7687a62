"""What an experiment is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from safecrs.benchmark import Benchmark
from safecrs.oracle import Oracle

Report = Callable[[str, int, int, str], None]
"""Told the stage's name, how much of it is done, out of how much, and a detail."""


@dataclass(frozen=True, slots=True)
class Study:
    """A benchmark, the oracle it was built with, and what the report must say about them."""

    title: str
    about: str
    benchmark: Benchmark
    oracle: Oracle
    caveats: tuple[str, ...] = ()


def quiet(stage: str, done: int, total: int, detail: str) -> None:
    """Reports nothing."""
