"""Answers of a system on disk: asking a model takes minutes, scoring its answers does not."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from safecrs.errors import SafecrsError
from safecrs.recommenders.recommender import Answer
from safecrs.slates.base import Recommendation, Slate
from safecrs.storage import read_json, write_json

BLOCK = 64
"""Samples asked at once: what else is in a batch changes the last digits of a model's numbers."""


class Slates(NamedTuple):
    """The slates of some samples, the constraints each respected, and the seconds they took."""

    slates: list[Slate]
    constraints: list[Mapping[str, float]]
    seconds: float

    @classmethod
    def of(cls, answers: Sequence[Answer], seconds: float) -> Slates:
        """The slates of answers."""
        return cls([a.slate for a in answers], [dict(a.constraints) for a in answers], seconds)

    @classmethod
    def parse(cls, plain: Mapping[str, Any]) -> Slates:
        """Slates as JSON holds them."""
        slates = [
            [Recommendation(str(title), year and int(year), int(row)) for title, year, row in slate]
            for slate in plain["slates"]
        ]
        return cls(slates, [dict(held) for held in plain["constraints"]], float(plain["seconds"]))


class SlateStore:
    """The slates of ``count`` samples, which arrive in blocks of `BLOCK`, in any order, each stored at once.

    Args:
        path: the file of all slates; blocks lie in a folder beside it until they are joined.
        key: a fingerprint of system and samples; slates of another key are asked for again.
    """

    def __init__(self, path: Path, key: str, count: int) -> None:
        self.path, self.key, self.count = path, key, count
        self.folder = path.with_suffix(".blocks")

    def missing(self) -> list[int]:
        """The first sample of each block that is still to come."""
        if self._read(self.path, self.count):
            return []
        return [start for start in range(0, self.count, BLOCK) if self._block(start) is None]

    def add(self, start: int, slates: Slates) -> None:
        """Store the block that begins at sample ``start``."""
        write_json(self._file(start), {"key": self.key, **slates._asdict()})

    def join(self) -> Slates:
        """All slates; their blocks become one file."""
        if whole := self._read(self.path, self.count):
            return whole
        blocks = [block for start in range(0, self.count, BLOCK) if (block := self._block(start))]
        joined = Slates(
            [slate for block in blocks for slate in block.slates],
            [held for block in blocks for held in block.constraints],
            sum(block.seconds for block in blocks),
        )
        if len(joined.slates) != self.count:
            raise SafecrsError(f"{self.folder} lacks blocks of slates; ask for them again.")
        write_json(self.path, {"key": self.key, **joined._asdict()})
        shutil.rmtree(self.folder, ignore_errors=True)
        return joined

    def _file(self, start: int) -> Path:
        return self.folder / f"{start}.json"

    def _block(self, start: int) -> Slates | None:
        return self._read(self._file(start), min(BLOCK, self.count - start))

    def _read(self, path: Path, count: int) -> Slates | None:
        """What a file holds; `None` if it is missing, damaged, or of another key or length."""
        if not path.is_file():
            return None
        try:
            plain = read_json(path)
            read = Slates.parse(plain) if plain["key"] == self.key else None
        except (SafecrsError, KeyError, TypeError, ValueError):
            return None
        return read if read and len(read.slates) == count else None
