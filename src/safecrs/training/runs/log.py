"""The log of a run, written during training: JSON lines, one for each time something was logged.

    {"step": 20, "loss": 1.93, "rewards/safety/mean": -0.21}
    {"step": 20, "validation/recall@10": 0.058, "validation/svr@10": 0.135}

A line is on disk before training continues. A run that is resumed from a checkpoint drops the lines after it,
which are written again.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError
from safecrs.storage import write_text

LOG = "log.jsonl"
Entry = dict[str, float]


class TrainingLog:
    """The log of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, step: int, values: Mapping[str, Any]) -> None:
        """Add the finite numbers among ``values`` as one line."""
        line = json.dumps({"step": step} | _finite(values), ensure_ascii=False) + "\n"
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def rewind(self, step: int) -> None:
        """Drop what was logged after ``step``, and a last line that was cut short."""
        if self.path.exists():
            kept = [entry for entry in _lines(self.path) if entry["step"] <= step]
            write_text(self.path, "".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept))

    def entries(self) -> list[Entry]:
        """An entry for each step at which something was logged; of a number logged twice the last."""
        merged: dict[float, Entry] = {}
        for entry in _lines(self.path) if self.path.exists() else ():
            merged.setdefault(entry["step"], {}).update(entry)
        return [merged[step] for step in sorted(merged)]


def series(entries: list[Entry], name: str) -> list[tuple[float, float]]:
    """The steps and values of one logged number."""
    return [(entry["step"], entry[name]) for entry in entries if name in entry]


def _lines(path: Path) -> list[Entry]:
    """The complete lines: a run that was killed, or is writing at this moment, leaves half a line."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise SafecrsError(f"{path} cannot be read: {error.strerror or error}.") from error
    found = []
    for line in text.split("\n"):
        try:
            entry = _finite(json.loads(line))
        except (ValueError, AttributeError, OverflowError, RecursionError):
            continue
        if "step" in entry:
            found.append(entry)
    return found


def _finite(values: Mapping[str, Any]) -> Entry:
    return {
        key: value
        for key, value in values.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    }
