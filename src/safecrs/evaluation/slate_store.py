"""Slates of a system on disk: asking a model takes minutes, scoring its slates does not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from safecrs.errors import SafecrsError
from safecrs.slates.base import Slate

BLOCK = 64
"""Samples asked at once: what else is in a batch changes the last digits of a model's numbers."""


class Slates(NamedTuple):
    """The slates of some samples, the constraints each respected, and the seconds they took."""

    slates: list[Slate]
    constraints: list[dict[str, float]]
    seconds: float

    @classmethod
    def parse(cls, plain: Mapping[str, Any]) -> Slates:
        """Slates from the JSON of `_asdict`; a pydantic `ValidationError` where it is not that."""
        return TypeAdapter(cls).validate_python(plain)


_LINE = TypeAdapter(tuple[int, Slates])


class SlateStore:
    """The slates of ``count`` samples in blocks of `BLOCK`, which arrive in any order.

    Args:
        path: a file for one system and set of samples, with a JSON line for each block, appended when it is
            answered; a line that is damaged or cut off counts as missing. `None` keeps blocks in memory only.
    """

    def __init__(self, path: Path | None, count: int) -> None:
        self.path, self.count = path, count
        self._sizes = {start: min(BLOCK, count - start) for start in range(0, count, BLOCK)}
        self._blocks: dict[int, Slates] = {}
        for line in path.read_bytes().splitlines() if path and path.is_file() else ():
            with suppress(ValidationError):
                start, block = _LINE.validate_json(line)
                if len(block.slates) == len(block.constraints) == self._sizes.get(start):
                    self._blocks[start] = block

    @property
    def done(self) -> int:
        """The number of samples whose slates are stored."""
        return sum(self._sizes[start] for start in self._blocks)

    def missing(self) -> list[int]:
        """The first sample of each block that is not stored."""
        return [start for start in self._sizes if start not in self._blocks]

    def add(self, start: int, slates: Slates) -> None:
        """Store the block that begins at sample ``start``."""
        self._blocks[start] = slates
        if self.path:
            try:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                with self.path.open("a", encoding="ascii") as file:
                    file.write("\n" + json.dumps([start, slates._asdict()]))  # the line before may be cut off
            except OSError as error:
                raise SafecrsError(
                    f"Cannot write {self.path}: {error.strerror}; free space or choose another folder."
                ) from error

    def join(self) -> Slates:
        """The slates of all samples, in their order."""
        if self.missing():
            raise SafecrsError(f"{self.path} lacks blocks of slates; run the same command again.")
        blocks = [self._blocks[start] for start in self._sizes]
        return Slates(
            [slate for block in blocks for slate in block.slates],
            [constraints for block in blocks for constraints in block.constraints],
            sum(block.seconds for block in blocks),
        )
