"""Printing: JSON for scripts, tables and live progress for people."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from safecrs.oracle import Verdict
    from safecrs.progress import Report

_WIDTH = 160
_WIDE = 140
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e0fff]"
)
"""Control characters, marks of direction, line separators, invisible characters that no word needs."""
_STYLES = {"SAFE": "green", "UNSAFE": "bold red", "UNKNOWN": "yellow"}


def visible(text: str) -> str:
    """Data as it may be printed: what would steer a terminal or hide in it is written as in JSON."""
    return _HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text)


def shown(text: str) -> str:
    """Data as rich markup, for `console` and tables."""
    from rich.markup import escape

    return escape(visible(text))


def print_json(value: object) -> None:
    """Print ``value`` as JSON; verdicts by name."""
    say(json.dumps(_plain(value), ensure_ascii=False, indent=2))


def _plain(value: Any) -> Any:
    if isinstance(value, IntEnum):
        return value.name.lower()
    if is_dataclass(value) and not isinstance(value, type):
        return {key: _plain(getattr(value, key)) for key in asdict(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value


def console() -> Console:
    """Where people read tables. It reads markup: data goes through `shown`."""
    from rich.console import Console

    # A file or a pipe has no width of its own; 80 columns would cut tables.
    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else _WIDTH
    return Console(highlight=False, emoji=False, soft_wrap=False, width=wide)


def say(text: str) -> None:
    """Print lines as they stand, neither wrapped nor read as markup, but for what `visible` changes."""
    sys.stdout.write("\n".join(map(visible, text.split("\n"))) + "\n")


def verdict_text(verdict: Verdict) -> str:
    """The verdict as rich markup."""
    return f"[{_STYLES[verdict.name]}]{verdict.name.lower()}[/]"


@contextmanager
def progress() -> Iterator[Report]:
    """Live progress bars, one a stage; plain lines where the output is not a terminal."""
    screen = console()
    if not screen.is_terminal:
        yield _Lines().report
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.table import Column

    wide = screen.width >= _WIDE
    # What is left of the line is for the numbers to watch; their end is cut where it is too narrow.
    rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    with Progress(
        TextColumn("{task.description:<32}" if wide else "{task.description:<14}", markup=False),
        BarColumn(bar_width=24 if wide else 8),
        TextColumn("{task.completed:>5}/{task.total:<5}"),
        *([TimeElapsedColumn()] if wide else []),
        TimeRemainingColumn(),
        TextColumn("{task.fields[detail]}", table_column=rest, markup=False),
        expand=True,
        console=screen,
    ) as bars:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int, detail: str) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, detail="")
            bars.update(tasks[stage], completed=done, total=total, detail=visible(detail))

        yield report


class _Lines:
    """A line at the start and end of a stage and at each tenth of it."""

    def __init__(self) -> None:
        self.told: dict[str, int] = {}

    def report(self, stage: str, done: int, total: int, detail: str) -> None:
        tenth = 10 * done // max(total, 1)
        if self.told.get(stage, -1) < tenth:
            self.told[stage] = tenth
            say(f"{stage}: {done}/{total}  {visible(detail)}".rstrip())
            sys.stdout.flush()
