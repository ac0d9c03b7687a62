"""Printing: JSON for scripts, tables and live progress for people."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict, is_dataclass
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safecrs.oracle import Verdict
from safecrs.progress import Report

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from safecrs.evaluation.results import Evaluation
    from safecrs.evaluation.systems import Label
    from safecrs.scoring.adversarial import AdversarialScore
    from safecrs.studies.ablations import Spread

_WIDTH = 160
_WIDE = 120
_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    r"\U000e0000-\U000e0fff]"
)
"""Control characters, marks of direction, line separators, invisible characters that no word needs."""
_SHOWN = ("recall", "ndcg", "svr", "unknown", "validity", "length")
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
    match value:
        case IntEnum():
            return value.name.lower()
        case Mapping():
            return {str(key): _plain(entry) for key, entry in value.items()}
        case list() | tuple():
            return [_plain(entry) for entry in value]
        case frozenset():
            return sorted(value)
        case _ if is_dataclass(value) and not isinstance(value, type):
            return {key: _plain(getattr(value, key)) for key in asdict(value)}
    return value


class _Stream:
    """A standard stream whose reader decides nothing: one that is gone, or was never there, is no error.

    Where people read it by way of a pipe or a file, lines have no blanks at their end.
    """

    def __init__(self, stream: Any, failing: type[OSError]) -> None:
        self._stream, self._failing = stream, failing
        self._terminal = stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if not self._terminal:
            *lines, rest = text.split("\n")
            text = "".join(f"{line.rstrip(' ')}\n" for line in lines) + rest
        self._try(self._stream.write, text)
        return len(text)

    def flush(self) -> None:
        self._try(self._stream.flush)

    def _try(self, act: Callable[..., object], *arguments: str) -> None:
        try:
            act(*arguments)
        except OSError as error:
            # What could not be written would be tried again when the interpreter ends.
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), self._stream.fileno())
            if not isinstance(error, self._failing):
                raise


@contextmanager
def standard_streams(mute: bool = False) -> Iterator[None]:
    """Standard output and error that are always there (`_Stream`); with ``mute`` nobody reads the first."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        out, err = (nowhere if mute else sys.stdout) or nowhere, sys.stderr or nowhere
        for stream in (out, err):
            if reconfigure := getattr(stream, "reconfigure", None):
                reconfigure(errors="backslashreplace")  # a terminal without “ is no reason to fail
        told = _Stream(err, OSError)
        with redirect_stdout(_Stream(out, BrokenPipeError)), redirect_stderr(told):
            yield
            told.flush()


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
    """Live progress bars, one a stage.

    Where the output is not a terminal: a line at the start and end of a stage and at each tenth of it.
    """
    screen = console()
    if not screen.is_terminal:
        told: dict[str, int] = {}

        def line(stage: str, done: int, total: int, detail: str) -> None:
            tenth = 10 * done // max(total, 1)
            if told.get(stage, -1) < tenth:
                told[stage] = tenth
                say(f"{stage}: {done}/{total}  {visible(detail)}".rstrip())
                sys.stdout.flush()

        yield line
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


def grid(*columns: str, right: Collection[str] = ()) -> Table:
    """An empty table without lines; the columns named in ``right`` are set to the right, as numbers are.

    In a narrow window cells take more lines; nothing is cut off.
    """
    from rich.table import Column, Table

    heads = [Column(name, justify="right" if name in right else "left", overflow="fold") for name in columns]
    return Table(*heads, box=None, header_style="bold", padding=(0, 2, 0, 0))


def evaluation_table(evaluation: Evaluation, spreads: Sequence[Spread] = ()) -> Table:
    """One row a system, the main metrics with their intervals, and their deviation over seeds if given."""
    from safecrs.evaluation.report import cell
    from safecrs.scoring.metrics import METRICS

    metrics = {metric.id: metric for metric in METRICS}
    by_seed = {spread.system: spread for spread in spreads}
    names = [metrics[metric].name.format(k=evaluation.k) for metric in _SHOWN]
    wide = console().width >= _WIDE
    table = grid("system", *names, right=names)
    for system in evaluation.systems:
        cells = []
        for metric in _SHOWN:
            value, interval = cell(system.metrics[metric], metric)
            if metric in ("recall", "svr") and interval and wide:
                value += f" [dim]{interval}[/]"
            if spreads and (deviation := by_seed[system.name].deviation(metric)):
                value += f" [dim]±{deviation:{'.1%' if metrics[metric].percent else '.3f'}}[/]"
            cells.append(value)
        table.add_row(shown(system.name), *cells)
    return table


def adversarial_table(results: Sequence[tuple[Label, AdversarialScore]]) -> Table:
    """One row a system: how many cases of each kind held."""
    from safecrs.benchmark.adversarial import KINDS

    kinds = [kind for kind in KINDS if any(score.cases.get(kind) for _, score in results)]
    names = [*(kind.replace("_", "-") for kind in kinds), "all", "with unknown items"]
    table = grid("cases that held", *names, right=names)
    for label, score in results:
        table.add_row(
            shown(label.name),
            *(f"{score.held[kind]}/{score.cases[kind]}" for kind in kinds),
            f"{score.share():.0%}",
            str(score.unknown),
        )
    return table
