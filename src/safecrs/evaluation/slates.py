"""Slates on disk: asking a model takes minutes, measuring its answers does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.policies.base import Recommendation, Slate
from safecrs.storage import read_json, write_json


def save_slates(path: Path, key: str, slates: Sequence[Slate], seconds: float) -> None:
    """Write the slates that ``key`` (a fingerprint of system and samples) stands for, atomically."""
    write_json(path, {"key": key, "seconds": seconds, "slates": slates})


def load_slates(path: Path, key: str) -> tuple[list[Slate], float] | None:
    """The slates and the seconds they took; None when the file is missing or holds those of another key."""
    if not path.is_file():
        return None
    try:
        held = read_json(path)
        if held["key"] != key:
            return None
        slates = [
            [Recommendation(str(title), year and int(year), int(row)) for title, year, row in slate]
            for slate in held["slates"]
        ]
        return slates, float(held["seconds"])
    except (SafecrsError, KeyError, TypeError, ValueError):
        return None  # a damaged file is asked for again
