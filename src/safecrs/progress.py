"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Report = Callable[[str, int, int, str], None]
"""Told the stage's name, how much of it is done, out of how much, and a detail."""


def quiet(stage: str, done: int, total: int, detail: str) -> None:
    """Reports nothing."""
