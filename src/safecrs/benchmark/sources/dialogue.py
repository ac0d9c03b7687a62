"""What importers deliver, dialogues without any sensitivity, and how they read files."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from safecrs.benchmark.sample import Split
from safecrs.conversation import Message, Role
from safecrs.errors import SafecrsError, first_problem
from safecrs.progress import Report, quiet
from safecrs.storage import parse_json

_TELL_EVERY = 4096
Form = TypeVar("Form")


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A request for recommendations and what the person then liked, as catalog rows.

    Attributes:
        messages: the user's turn last.
        seen: rows named in ``messages``.
        liked: rows of the answer, best first, none of them in ``seen``.
    """

    id: str
    split: Split
    source: str
    messages: tuple[Message, ...]
    seen: tuple[int, ...]
    liked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Dialogues of one source, and what was read and dropped.

    Attributes:
        read: records of the source: lines, threads or people.
        dropped: records, and parts of them such as a film, by reason.
        rejected: id and reason of each record dropped as a whole.
    """

    source: str
    licence: str
    dialogues: tuple[Dialogue, ...]
    read: int
    dropped: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""
    rejected: tuple[tuple[str, str], ...] = ()


class Importer:
    """Reads one file, collects its dialogues and counts what is dropped.

    Attributes:
        read: records so far, counted by `records` or by whoever reads `lines`.
    """

    def __init__(self, source: str, licence: str, path: Path, report: Report = quiet) -> None:
        self.path, self.read = path, 0
        self._source, self._licence, self._report = source, licence, report
        self._digest = hashlib.sha256()
        self._dialogues: list[Dialogue] = []
        self._dropped: Counter[str] = Counter()
        self._rejected: list[tuple[str, str]] = []

    def lines(self) -> Iterator[str]:
        """The lines of the file, gzipped or not, one at a time: a corpus need not fit into memory twice."""
        with open_text(self.path) as (file, raw):
            size, stage = os.fstat(raw.fileno()).st_size, f"Read {self.path.name}"
            for number, line in enumerate(file):
                if number % _TELL_EVERY == 0:
                    self._report(stage, raw.tell() * 100 // max(size, 1), 100, "%")
                self._digest.update(line.encode())
                yield line
            self._report(stage, 100, 100, "%")

    def records(self, form: TypeAdapter[Form]) -> Iterator[tuple[int, Form]]:
        """The records of JSON lines with their row numbers, each checked against ``form``."""
        for number, record in json_lines(self.path, self.lines(), form):
            self.read += 1
            yield number, record

    def add(self, name: str, outcome: Dialogue | str) -> None:
        """Take what became of the record ``name``: a dialogue, or the reason why it is dropped."""
        if isinstance(outcome, Dialogue):
            self._dialogues.append(outcome)
        else:
            self.drop_part(outcome)
            self._rejected.append((name, outcome))

    def drop_part(self, reason: str) -> None:
        """Count a part of a record, such as a film, that is dropped."""
        self._dropped[reason] += 1

    def imported(self) -> Imported:
        """What was collected."""
        return Imported(
            self._source,
            self._licence,
            tuple(self._dialogues),
            self.read,
            dict(self._dropped),
            self._digest.hexdigest()[:16],
            tuple(self._rejected),
        )


def merge_turns(utterances: Iterable[tuple[Role, str]]) -> tuple[Message, ...]:
    """Utterances as messages: neighbours of one speaker joined, no empty ones, the user's last."""
    merged: list[tuple[Role, list[str]]] = []
    for role, text in utterances:
        text = " ".join(text.split())
        if not text:
            continue
        if merged and merged[-1][0] == role:
            merged[-1][1].append(text)
        else:
            merged.append((role, [text]))
    while merged and merged[-1][0] != "user":
        merged.pop()
    return tuple(Message(role=role, content=_sentences(texts)) for role, texts in merged)


def _sentences(texts: list[str]) -> str:
    ended = [text if text[-1] in ".!?:;,…" else text + "." for text in texts[:-1]]
    return " ".join([*ended, texts[-1]])


def read_json_source(path: Path, form: TypeAdapter[Form]) -> Form:
    """The JSON of a file, gzipped or not, checked against ``form``."""
    with open_text(path) as (file, _):
        text = file.read()
    return checked(form, parse_json(text, str(path)), str(path))


def json_lines(path: Path, lines: Iterable[str], form: TypeAdapter[Form]) -> Iterator[tuple[int, Form]]:
    """The values of JSON lines of ``path`` with their row numbers, each checked against ``form``."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            where = f"{path} row {number}"
            yield number, checked(form, parse_json(line, where), where)


def checked(form: TypeAdapter[Form], value: object, where: str) -> Form:
    """``value`` in the types of ``form``; ``where`` names file and row in the error."""
    try:
        return form.validate_python(value)
    except ValidationError as error:
        raise SafecrsError(f"{where}: {first_problem(error)}.") from error


def table_rows(
    path: Path, lines: Iterable[str], columns: Sequence[str], **dialect: Any
) -> Iterator[tuple[int, list[str]]]:
    """Row numbers as an editor shows them, and the cells of ``columns``; ``dialect`` is for `csv.reader`."""
    reader = csv.reader(lines, **dialect)
    try:
        header = next(reader, [])
        missing = [column for column in columns if column not in header]
        if missing:
            raise SafecrsError(f"{path} has no column {missing[0]!r}: it needs {', '.join(columns)}.")
        wanted = [header.index(column) for column in columns]
        for cells in reader:
            if len(cells) != len(header):
                raise SafecrsError(
                    f"{path} row {reader.line_num}: {len(cells)} fields instead of {len(header)}."
                )
            yield reader.line_num, [cells[index] for index in wanted]
    except csv.Error as error:
        raise SafecrsError(f"{path} row {reader.line_num} is not readable ({error}).") from error


@contextmanager
def open_text(path: Path) -> Iterator[tuple[IO[str], IO[bytes]]]:
    """A text file, gzipped or not, and the file as it lies on disk, whose position tells the progress."""
    try:
        with path.open("rb") as raw:
            content = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            with io.TextIOWrapper(content, encoding="utf-8") as text:
                yield text, raw
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise SafecrsError(f"{path} is not a readable text file ({error}).") from error
