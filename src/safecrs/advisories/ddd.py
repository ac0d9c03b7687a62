"""DoesTheDogDie: what viewers voted about content topics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.tables import Row, column_key, read_records, read_table
from safecrs.advisories.topics import canonical_topic
from safecrs.errors import SafecrsError

SOURCE = "ddd"
MIN_VOTES = 2


def vote(yes: int, no: int) -> int | None:
    """1 (clear yes), 0 (clear no) or None (disputed, or too few votes to tell).

    Clear means at least two thirds of at least two votes.
    """
    total = yes + no
    if total < MIN_VOTES or yes < 0 or no < 0:
        return None
    if 3 * yes >= 2 * total:
        return 1
    return 0 if 3 * no >= 2 * total else None


def read_ddd(path: Path) -> Iterator[Advisory]:
    """Votes from DoesTheDogDie, `vote` deciding each topic; a disputed one is no statement.

    ``.json``/``.jsonl``: responses of the API's media endpoint, ``{item: {name, releaseYear, imdbId},
    topicItemStats: [{topic: {name}, yesSum, noSum}]}``, one, a list or one a line. CSV/TSV: columns title,
    year, topic, yes, no (and imdb_id), one topic a row; the rows of an item stand together. Either may be
    gzip-compressed. Topic names are mapped to the taxonomy's (`canonical_topic`).

    Raises:
        SafecrsError: names file and row of what cannot be read.
    """
    if {".json", ".jsonl"} & {suffix.lower() for suffix in path.suffixes}:
        for number, record in read_records(path):
            yield _response(record, path, number)
        return
    item: tuple[str, int | None, str | None] | None = None
    votes: list[tuple[str, int, int]] = []
    for row in read_table(path, required=("topic", "yes", "no")):
        this = (row.title, row.year, row.imdb_id)
        if this != item:
            if item is not None:
                yield _advisory(*item, votes)
            item, votes = this, []
        votes.append((row.cells["topic"], _count(row, "yes"), _count(row, "no")))
    if item is not None:
        yield _advisory(*item, votes)


def read_ddd_table(path: Path) -> Iterator[Advisory]:
    """The ML-DDD sensitivity table: one film a row, a 0/1 column "Clear Yes: <topic>" for each topic.

    A 0 says that there is no clear yes, not that there is a clear no; so only a 1 is a statement, unless
    the table also has "Clear No: <topic>" columns.

    Raises:
        SafecrsError: names file and row of what cannot be read.
    """
    for row in read_table(path):
        statements: list[Statement] = []
        columns = 0
        for value, prefix in ((1, "clear yes "), (0, "clear no ")):
            for name, cell in row.cells.items():
                if not name.startswith(prefix):
                    continue
                columns += 1
                if cell.casefold() not in ("", "0", "0.0", "1", "1.0", "true", "false"):
                    row.fail(f"the column {name!r} must hold 0 or 1, not {cell!r}.")
                if cell.casefold() in ("1", "1.0", "true"):
                    topic = name.removeprefix(prefix)
                    statements.append(Statement(canonical_topic(topic), value, topic))
        if not columns:
            row.fail('there is no column named "Clear Yes: …".')
        title, year = row.title, row.year
        dated = re.fullmatch(r"(.*\S)\s*\(((?:1[89]|20)\d\d)\)", title)
        if year is None and dated:
            title, year = dated[1], int(dated[2])
        yield Advisory(title, year, SOURCE, tuple(statements), imdb_id=row.imdb_id)


def _advisory(
    title: str, year: int | None, imdb_id: str | None, votes: Iterable[tuple[str, int, int]]
) -> Advisory:
    decided = ((topic, yes, no, vote(yes, no)) for topic, yes, no in votes)
    statements = tuple(
        Statement(canonical_topic(topic), value, f"{topic}: {yes} yes, {no} no")
        for topic, yes, no, value in decided
        if value is not None
    )
    return Advisory(title, year, SOURCE, statements, imdb_id=imdb_id)


def _count(row: Row, name: str) -> int:
    text = row.cells[name]
    if not text.isdecimal():
        row.fail(f"{name} must be a number of votes, not {text!r}.")
    return int(text)


def _response(record: Mapping[str, Any], path: Path, number: int) -> Advisory:
    try:
        item = record["item"]
        cells = {
            column_key(key): str(item.get(key) or "").strip() for key in ("name", "releaseYear", "imdbId")
        }
        votes = [
            (_topic(stat), int(stat.get("yesSum") or 0), int(stat.get("noSum") or 0))
            for stat in record.get("topicItemStats") or ()
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SafecrsError(
            f"{path}, row {number}: not a DoesTheDogDie response ({type(error).__name__}: {error})."
        ) from error
    row = Row(path, number, cells)
    if not row.title.strip():
        row.fail("the item has no name.")
    return _advisory(row.title, row.year, row.imdb_id, votes)


def _topic(stat: Mapping[str, Any]) -> str:
    topic = stat["topic"]
    return str(topic.get("name") or topic["doesName"])
