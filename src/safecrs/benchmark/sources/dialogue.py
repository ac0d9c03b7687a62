"""A conversation with a taste behind it, before any sensitivity is assigned: what importers deliver."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from safecrs.benchmark.sample import Split
from safecrs.conversation import Message, Role
from safecrs.errors import SafecrsError
from safecrs.progress import Report, quiet

_TELL_EVERY = 4096


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
        rejected: record and reason, of those dropped whole.
    """

    source: str
    licence: str
    dialogues: tuple[Dialogue, ...]
    read: int
    dropped: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""
    rejected: tuple[tuple[str, str], ...] = ()


class Drops:
    """What an importer drops on its way.

    Attributes:
        counts: by reason; records: which ones were dropped whole, and why.
    """

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.records: list[tuple[str, str]] = []

    def record(self, name: str, reason: str) -> None:
        """A record of the source that becomes no dialogue."""
        self.counts[reason] += 1
        self.records.append((name, reason))

    def part(self, reason: str) -> None:
        """A part of a record, such as a film."""
        self.counts[reason] += 1


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


def read_source(path: Path) -> str:
    """The text of a file, gzipped or not.

    Raises:
        SafecrsError: the file is missing or is not UTF-8 text.
    """
    with _opened(path) as (file, _):
        return file.read()


class Lines:
    """The lines of a text file, gzipped or not, read one at a time: a corpus need not fit into memory twice.

    Reading raises a `SafecrsError` if the file is missing or is not UTF-8 text.

    Attributes:
        fingerprint: of all that was read.
    """

    def __init__(self, path: Path, report: Report = quiet) -> None:
        self._path, self._report = path, report
        self._digest = hashlib.sha256()

    def __iter__(self) -> Iterator[str]:
        with _opened(self._path) as (file, raw):
            size, stage = os.fstat(raw.fileno()).st_size, f"Read {self._path.name}"
            for number, line in enumerate(file):
                if number % _TELL_EVERY == 0:
                    self._report(stage, raw.tell() * 100 // max(size, 1), 100, "%")
                self._digest.update(line.encode())
                yield line
            self._report(stage, 100, 100, "%")

    @property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits."""
        return self._digest.hexdigest()[:16]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[str], IO[bytes]]]:
    """The text, and the file as it lies on disk, whose position tells the progress."""
    try:
        with path.open("rb") as raw:
            content = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            with io.TextIOWrapper(content, encoding="utf-8") as text:
                yield text, raw
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
        raise SafecrsError(f"{path} is not a readable text file ({error}).") from error


def parse_json(text: str, where: str) -> Any:
    """A JSON value; ``where`` names file and row in the error.

    Raises:
        SafecrsError: ``text`` is not JSON.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SafecrsError(f"{where} is not JSON ({error}).") from error
