"""Tables and JSON as sources publish them, read row by row with errors that name file and row."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from safecrs.errors import SafecrsError

_WORDS = re.compile(r"[^a-z0-9]+")
_TITLES = ("title", "name", "film", "movie", "game")
_YEARS = ("year", "release year", "releaseyear", "start year", "startyear")
_IDS = ("imdb id", "imdbid", "tconst", "imdb")


def column_key(name: str) -> str:
    """A column name without case and punctuation: "Sex & Nudity" and "sex_nudity" are one."""
    return _WORDS.sub(" ", name.lower()).strip()


@dataclass(frozen=True, slots=True)
class Row:
    """One row: cell texts by `column_key`, and where it stands for error messages."""

    path: Path
    number: int
    cells: Mapping[str, str]

    def fail(self, problem: str) -> NoReturn:
        """Raise the error that names this row."""
        raise SafecrsError(f"{self.path}, row {self.number}: {problem}")

    def get(self, *names: str) -> str | None:
        """The first of these columns that the table has, None when it has none."""
        for name in names:
            if name in self.cells:
                return self.cells[name]
        return None

    @property
    def title(self) -> str:
        """The item's title; an error when it is missing."""
        title = self.get(*_TITLES)
        if not title:
            self.fail("there is no title; give a title column and fill it.")
        return title

    @property
    def year(self) -> int | None:
        """The item's year, None when the cell is empty; an error when it is not a year."""
        text = self.get(*_YEARS)
        if not text:
            return None
        match = re.fullmatch(r"((?:1[89]|20)\d\d)(?:\.0)?", text)
        if match is None:
            self.fail(f"{text!r} is not a year.")
        return int(match[1])

    @property
    def imdb_id(self) -> str | None:
        """The item's IMDb id ("tt…"), None when absent; an error when it is not one."""
        text = self.get(*_IDS)
        if not text:
            return None
        if not re.fullmatch(r"(?:tt)?\d{5,10}", text):
            self.fail(f"{text!r} is not an IMDb id; write it as tt0133093.")
        return text if text.startswith("tt") else f"tt{text.zfill(7)}"


def read_table(path: Path, required: Iterable[str] = ()) -> Iterator[Row]:
    """The rows of a CSV or TSV file (by its suffix; ``.gz`` too), numbered by the line they start on.

    Blank lines are passed over; cells are stripped.

    Raises:
        SafecrsError: the file is missing or unreadable, a required column is absent, or a row has more or
            fewer cells than the header.
    """
    with open_text(path) as file:
        suffixes = [suffix.lower() for suffix in path.suffixes]
        reader = csv.reader(file, delimiter="\t" if ".tsv" in suffixes else ",", strict=True)
        line = 1
        try:
            header = [column_key(name) for name in next(reader, [])]
            if not header:
                raise SafecrsError(f"{path} is empty: its first line must name the columns.")
            absent = [name for name in required if name not in header]
            if absent:
                raise SafecrsError(f"{path} lacks the column {absent[0]!r}; it has {', '.join(header)}.")
            if len(set(header)) != len(header):
                raise SafecrsError(f"{path} names a column twice: {', '.join(header)}.")
            line = reader.line_num + 1
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    if len(cells) != len(header):
                        raise SafecrsError(
                            f"{path}, row {line}: {len(cells)} cells where the header has {len(header)}; "
                            "put cells that hold the separator in quotation marks."
                        )
                    stripped = (cell.strip() for cell in cells)
                    yield Row(path, line, dict(zip(header, stripped, strict=True)))
                line = reader.line_num + 1
        except csv.Error as error:
            raise SafecrsError(f"{path}, row {line}: not readable as a table ({error}).") from error


def read_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Objects of a JSON file (one, or a list of them) or a JSON-lines file, numbered from 1.

    Raises:
        SafecrsError: the file is missing, is not JSON, or holds something else than objects.
    """
    with open_text(path) as file:
        text = file.read()
    try:
        whole = json.loads(text)
        values = list(enumerate(whole if isinstance(whole, list) else [whole], start=1))
    except (ValueError, RecursionError):
        values = []
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    values.append((number, json.loads(line)))
                except (ValueError, RecursionError) as error:
                    raise SafecrsError(f"{path}, row {number}: not JSON ({error}).") from error
    if not values:
        raise SafecrsError(f"{path} is empty: it should hold JSON objects.")
    for number, value in values:
        if not isinstance(value, dict):
            raise SafecrsError(f"{path}, row {number}: expected a JSON object, found {type(value).__name__}.")
        yield number, value


def read_rows(path: Path, required: Iterable[str] = ()) -> Iterator[Row]:
    """Rows of a table or of a JSON export (``.json``, ``.jsonl``), by the file's suffix."""
    if not {".json", ".jsonl"} & {suffix.lower() for suffix in path.suffixes}:
        yield from read_table(path, required)
        return
    for number, record in read_records(path):
        cells = {
            column_key(key): "" if value is None else str(value).strip() for key, value in record.items()
        }
        yield Row(path, number, cells)


@contextmanager
def open_text(path: Path) -> Iterator[IO[str]]:
    """Open UTF-8 text, gzip-compressed where the name ends in ``.gz``.

    Raises:
        SafecrsError: it is missing, cannot be read, or is not UTF-8.
    """
    try:
        if path.suffix.lower() == ".gz":
            with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as file:
                yield file
        else:
            with path.open(encoding="utf-8-sig", newline="") as file:
                yield file
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except UnicodeDecodeError as error:
        raise SafecrsError(f"{path} is not UTF-8 text; save it as UTF-8.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SafecrsError(f"{path} cannot be read: {error}.") from error
