"""Tables and JSON files of sources, read row by row; unusable rows are left out and counted."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.skipped import RowError, Skipped, quoted
from safecrs.errors import SafecrsError
from safecrs.taxonomy.topics import column_key

_TITLES = ("title", "name", "film", "movie", "game")
_YEARS = ("year", "release year", "releaseyear", "start year", "startyear")
_IDS = ("imdb id", "imdbid", "tconst", "imdb")
_YEAR = re.compile(r"(?<!\d)((?:1[89]|20)\d\d)(?!\d)", re.ASCII)
_DATED = re.compile(r"\(((?:1[89]|20)\d\d)\)", re.ASCII)
_ID = re.compile(r"(?:\btt(\d{5,10})(?!\d)|^(\d{5,10})(?:\.0+)?$)", re.IGNORECASE | re.ASCII)
_NOTHING = frozenset(
    ["", "-", "–", "—", "?", "n/a", "na", "nan", "null", "none", "nil", "\\n", "unknown", "tba", "tbd"]
)
_DIGITS = 18
_SHOWN = 20
_STRICT = Skipped(strict=True)

T = TypeVar("T")


def says_nothing(cell: str) -> bool:
    """Whether a cell is empty or a placeholder such as "-", "N/A" or "null"."""
    return len(cell) < 8 and cell.strip().casefold() in _NOTHING


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its cells by `column_key`, its position, and the JSON object it was read from, if any."""

    path: Path
    number: int
    cells: Mapping[str, str]
    skipped: Skipped
    record: Mapping[str, Any] = field(default_factory=dict)

    def fail(self, problem: str, kind: str = "") -> NoReturn:
        """Leave this row out, by raising a `RowError`."""
        raise RowError(str(self.path), f"row {self.number}", problem, kind)

    def note(self, problem: str, kind: str = "", *, odd: bool = True) -> None:
        """Count a problem of a row that is used nevertheless."""
        self.skipped.add(str(self.path), f"row {self.number}", problem, kind, odd=odd)

    def get(self, *names: str) -> str | None:
        """The cell of the first of these columns that the table has; None if it has none of them."""
        return next((self.cells[name] for name in names if name in self.cells), None)

    def parts(self, *names: str) -> tuple[str, ...]:
        """The parts of such a cell (`get`) that "|" joins, without empty ones."""
        return tuple(part for text in (self.get(*names) or "").split("|") if (part := text.strip()))

    def item(self) -> tuple[str, int | None, str | None]:
        """Title, year and IMDb id ("tt…"); a title without a year cell may be "Title (Year)".

        An invalid year or id is counted and read as empty; of a range or a date the first year is read. A row
        without a title fails.
        """
        title = self.get(*_TITLES) or ""
        dated = _DATED.fullmatch(title[-6:]) if len(title) > 6 else None
        year = self._found(_YEAR, "a year", *_YEARS)
        if dated and (year is None or year == dated[1]):
            title, year = title[:-6].rstrip(), dated[1]
        if not title:
            self.fail("there is no title; give a title column and fill it")
        number = self._found(_ID, "an IMDb id, such as tt0133093", *_IDS)
        return title, None if year is None else int(year), number and f"tt{number.zfill(7)}"

    def _found(self, pattern: re.Pattern[str], what: str, *names: str) -> str | None:
        cell = self.get(*names) or ""
        match = pattern.search(cell[:200])
        if match is None and cell:
            problem = f"{quoted(cell)} is not {what}; the row is read without it"
            self.note(problem, what, odd=not says_nothing(cell))
        return match and match[match.lastindex or 0]

    def advisory(
        self,
        source: str,
        statements: Iterable[Statement],
        *,
        reviews_guide: bool = False,
        medium: str | None = None,
        certificates: tuple[str, ...] = (),
    ) -> Advisory:
        """The advisory of this row about its item."""
        title, year, imdb_id = self.item()
        said = tuple(statements)
        return Advisory(
            title, year, source, said, imdb_id, reviews_guide, medium=medium, certificates=certificates
        )


def read_each(
    path: Path,
    parse: Callable[[Row], T | None],
    skipped: Skipped | None = None,
    required: Iterable[str] = (),
) -> Iterator[T]:
    """The result of ``parse`` for each row of a table or JSON export.

    Args:
        parse: returns None for a row that says nothing, and may leave one out (`Row.fail`).
        skipped: counts what is left out; without one it is a warning.
        required: columns that a table must have.
    """
    told = Skipped() if skipped is None else skipped
    used, columns = 0, ["not known"]
    for row in read_rows(path, required, told):
        columns = list(row.cells)
        try:
            made = parse(row)
        except RowError as error:
            told.add(*error.about)
            continue
        if made is None:
            told.add(str(path), f"row {row.number}", "a row that says nothing", odd=False)
        else:
            used += 1
            yield made
    if not used:
        reasons = " | ".join(told.lines(str(path))).replace(f"{path}: ", "") or "it has no rows"
        raise SafecrsError(
            f"Nothing of {path} was used: {reasons}. Its columns are {', '.join(columns[:_SHOWN])}; "
            "docs/data.md names those that are read."
        )
    if skipped is None:
        told.warn()


def read_table(path: Path, required: Iterable[str] = (), skipped: Skipped = _STRICT) -> Iterator[Row]:
    """The rows of a CSV or TSV file (``.gz`` too), numbered by the line they start on.

    The header decides whether commas, semicolons or tabs separate the cells. Blank lines are left out; cells
    are stripped.

    Args:
        skipped: counts unreadable rows; without one they are errors.
    """
    with open_text(path) as file:
        first = file.readline()
        try:
            mark = _delimiter(first, "\t" if ".tsv" in map(str.lower, path.suffixes) else ",")
            reader = csv.reader(chain([first], file), delimiter=mark, strict=True)
            header = [column_key(name) for name in next(reader, [])]
        except csv.Error as error:
            raise SafecrsError(f"{path}, row 1: not readable as a table ({error}).") from error
        if not header:
            raise SafecrsError(f"{path} is empty: its first line must name the columns.")
        absent = [name for name in required if name not in header]
        if absent:
            raise SafecrsError(f"{path} lacks the column {absent[0]!r}; it has {', '.join(header)}.")
        if len(set(header)) != len(header):
            raise SafecrsError(f"{path} names a column twice: {', '.join(header)}.")
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                if reader.line_num > line:
                    raise SafecrsError(
                        f"{path}, row {line}: a quotation mark spoils the table up to row {reader.line_num} "
                        f"({error}); close it, or double it where it is part of the text."
                    ) from error
                skipped.add(str(path), f"row {line}", f"not readable as a table ({error})", "table")
                continue
            stripped = [cell.strip() for cell in cells]
            if any(stripped) and len(cells) == len(header):
                yield Row(path, line, dict(zip(header, stripped, strict=True)), skipped)
            elif any(stripped):
                problem = (
                    f"{len(cells)} cells where the header has {len(header)}; put cells that hold the "
                    "separator in quotation marks"
                )
                skipped.add(str(path), f"row {line}", problem, "length")


def read_records(path: Path, skipped: Skipped = _STRICT) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a JSON file (one, or a list of them) or a JSON-lines file, numbered from 1.

    Args:
        skipped: counts what is not a JSON object; without one it is an error.
    """
    with open_text(path) as file:
        text = file.read()
    try:
        whole = _json(text)
        values: Iterable[Any] = whole if isinstance(whole, list) else [whole]
    except (ValueError, RecursionError):
        values = map(_line, text.split("\n")) if text.strip() else []
    if values == []:
        raise SafecrsError(f"{path} is empty: it should hold JSON objects.")
    for number, value in enumerate(values, start=1):
        if isinstance(value, dict):
            yield number, value
        elif value is not ...:
            skipped.add(str(path), f"row {number}", "not a JSON object")


def read_rows(path: Path, required: Iterable[str] = (), skipped: Skipped = _STRICT) -> Iterator[Row]:
    """Rows of a table or of a JSON export (``.json``, ``.jsonl``), by the file's suffix."""
    if {".json", ".jsonl"}.isdisjoint(suffix.lower() for suffix in path.suffixes):
        yield from read_table(path, required, skipped)
        return
    for number, record in read_records(path, skipped):
        yield Row(path, number, json_cells(record), skipped, record)


def json_cells(record: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a JSON object, by `column_key`."""
    return {column_key(key): cell_text(value) for key, value in record.items()}


def cell_text(value: object) -> str:
    """A JSON value as a cell: the name of an object, the strings of a list joined by "|"."""
    if isinstance(value, dict):
        value = value.get("name")
    if isinstance(value, list):
        value = "|".join(part for part in value if isinstance(part, str))
    if value is None or isinstance(value, dict):
        return ""
    return str(value).encode("utf-8", "replace").decode().strip()


def _json(text: str) -> Any:
    # Python refuses to parse integers of thousands of digits; one of them must not make a file unreadable.
    return json.loads(text, parse_int=lambda digits: int(digits) if len(digits) <= _DIGITS else float(digits))


def _line(text: str) -> Any:
    try:
        return _json(text) if text.strip() else ...
    except (ValueError, RecursionError):
        return text


def _delimiter(header: str, expected: str) -> str:
    """The separator that gives the header a title column, or else the most columns."""
    marks = (expected, ",", ";", "\t")
    names = {mark: [*map(column_key, next(csv.reader([header], delimiter=mark), []))] for mark in marks}
    return max(marks, key=lambda mark: (not set(_TITLES).isdisjoint(names[mark]), len(names[mark])))


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open UTF-8 text, gzip-compressed where the name ends in ``.gz``."""
    try:
        opened: Callable[..., IO[str]] = gzip.open if path.suffix.lower() == ".gz" else Path.open
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except UnicodeDecodeError as error:
        raise SafecrsError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SafecrsError(f"{path} cannot be read: {error}.") from error
