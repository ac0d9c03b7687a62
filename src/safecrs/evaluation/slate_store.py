"""Slates on disk: asking a model takes minutes, measuring its answers does not."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError
from safecrs.slates.base import Recommendation, Slate
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
        return read_slates(held["slates"]), float(held["seconds"])
    except (SafecrsError, KeyError, TypeError, ValueError):
        return None  # a damaged file is asked for again


def read_slates(plain: Iterable[Iterable[Sequence[Any]]]) -> list[Slate]:
    """Slates as JSON holds them."""
    return [
        [Recommendation(str(title), year and int(year), int(row)) for title, year, row in slate]
        for slate in plain
    ]


class SlateBlocks:
    """The slates of ``count`` samples that come block by block, in any order, each kept when it comes.

    Args:
        path, key: of the whole, as `load_slates` reads it; blocks lie in a folder beside it until they are
            joined.
        size: samples a block; the last one may be shorter.
    """

    def __init__(self, path: Path, key: str, count: int, size: int) -> None:
        self.path, self.key, self.count, self.size = path, key, count, size
        self.folder = path.with_suffix(".blocks")
        self.whole = load_slates(path, key) is not None

    @property
    def starts(self) -> range:
        """The first sample of each block."""
        return range(0, self.count, self.size)

    def missing(self) -> list[int]:
        """Blocks that are still to come, by their first sample."""
        return [] if self.whole else [start for start in self.starts if self._block(start) is None]

    def add(self, start: int, slates: Sequence[Slate], seconds: float) -> None:
        """Keep a block."""
        save_slates(self._file(start), self.key, slates, seconds)

    def join(self) -> None:
        """Make one file of all blocks, with the sum of their seconds.

        Raises:
            SafecrsError: a block is missing.
        """
        if self.whole:
            return
        parts = [block for start in self.starts if (block := self._block(start)) is not None]
        if len(parts) < len(self.starts):
            raise SafecrsError(f"{self.folder} lacks blocks of slates; ask for them again.")
        slates = [slate for part, _ in parts for slate in part]
        save_slates(self.path, self.key, slates, sum(seconds for _, seconds in parts))
        shutil.rmtree(self.folder, ignore_errors=True)
        self.whole = True

    def _file(self, start: int) -> Path:
        return self.folder / f"{start}.json"

    def _block(self, start: int) -> tuple[list[Slate], float] | None:
        held = load_slates(self._file(start), self.key)
        return held if held and len(held[0]) == min(self.size, self.count - start) else None
