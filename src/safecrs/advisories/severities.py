"""Tables of severities, scores and topics: parents guides, Kids-In-Mind, and tables of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each, says_nothing
from safecrs.taxonomy import SEVERITIES
from safecrs.taxonomy.topics import known_topic

COLUMNS: dict[str, tuple[str, ...]] = {
    "sex": ("sex", "sex nudity", "sex and nudity", "nudity"),
    "violence": ("violence", "violence gore", "violence and gore"),
    "profanity": ("profanity", "language"),
    "substances": (
        "substances",
        "alcohol drugs smoking",
        "alcohol drugs and smoking",
        "alcohol",
        "drugs",
    ),
    "frightening": (
        "frightening",
        "frightening intense",
        "frightening and intense",
        "frightening intense scenes",
        "frightening and intense scenes",
        "intense",
    ),
}
"""Guide category → the column names it goes by, as `column_key` writes them."""

_NAMES = [name.casefold() for name in SEVERITIES]
_SEVERITY = re.compile(r"(none|mild|moderate|severe|[0-3](?:\.0+)?)\s*(?:\([^()]*\))?", re.ASCII)
_UNRATED = frozenset(["not rated", "unrated", "not yet rated"])


def read_parents_guide(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year, optional imdb_id and the five categories (None/Mild/Moderate/Severe or 0…3).

    Columns may be named as IMDb does ("Sex & Nudity") or as we do ("sex"); an empty cell says nothing. CSV,
    TSV, or JSON (a list of objects, or one per line), each also gzip-compressed.
    """
    return _read(path, skipped, "parents-guide", severity_statements)


def read_scores(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year and 0…10 scores: sex, violence, language, and the other categories if there.

    An empty cell says nothing. CSV, TSV or JSON, each also gzip-compressed.
    """
    return _read(path, skipped, "scores", lambda row: severity_statements(row, parse_score, "{} of 10"))


def read_user_csv(
    path: Path, skipped: Skipped | None = None, *, source: str | None = None
) -> Iterator[Advisory]:
    """Rows of title and year, and any of: imdb_id, the five severities, topics, not_topics.

    | column     | holds                                                                     |
    |------------|---------------------------------------------------------------------------|
    | severities | None, Mild, Moderate, Severe or 0…3; empty says nothing                   |
    | topics     | what is in it, joined by "\\|": topics or ESRB descriptors               |
    | not_topics | what was looked for and is not in it                                      |

    ``source`` is the name shown in explanations, by default the file's. CSV, TSV or JSON, also ``.gz``.
    """
    return _read(path, skipped, source or path.name.split(".")[0], _severities_and_topics)


def _read(
    path: Path, skipped: Skipped | None, source: str, said: Callable[[Row], Iterable[Statement]]
) -> Iterator[Advisory]:
    def advisory(row: Row) -> Advisory | None:
        statements = tuple(said(row))
        return row.advisory(source, statements) if statements else None

    return read_each(path, advisory, skipped)


def _severities_and_topics(row: Row) -> Iterator[Statement]:
    stated: dict[str, int] = {}
    for column, value in (("topics", 1), ("not topics", 0)):
        for part in row.parts(column):
            try:
                topic = known_topic(part)
            except ValueError as error:
                row.fail(str(error), "topic")
            if stated.setdefault(topic, value) != value:
                row.fail(f"{quoted(topic)} stands both under topics and under not_topics", "both")
    yield from severity_statements(row)
    yield from (Statement(topic, value) for topic, value in stated.items())


@lru_cache(maxsize=256)
def parse_severity(text: str) -> int | None:
    """0…3 from a name or number, also "Severe (123 votes)"; None for an empty cell, not for the word "None".

    Raises:
        ValueError: the text is not a severity.
    """
    word = text.strip().casefold()
    if match := _SEVERITY.fullmatch(word):
        return _NAMES.index(match[1]) if match[1] in _NAMES else int(match[1][0])
    if says_nothing(word) or word in _UNRATED:
        return None
    raise ValueError(f"{quoted(text)} is not a severity; write None, Mild, Moderate or Severe, or 0 to 3")


def parse_score(text: str) -> int | None:
    """Severity of a 0…10 score by thirds: 0 is None, up to 10/3 Mild, up to 20/3 Moderate, above Severe.

    An empty cell returns None.

    Raises:
        ValueError: the text is not a score.
    """
    if says_nothing(text):
        return None
    try:
        score = float(text)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 10:
        raise ValueError(f"{quoted(text)} is not a score from 0 to 10")
    return 0 if score == 0 else 1 if score <= 10 / 3 else 2 if score <= 20 / 3 else 3


def severity_statements(
    row: Row, parse: Callable[[str], int | None] = parse_severity, words: str = ""
) -> tuple[Statement, ...]:
    """What a row's severity columns say; a cell that ``parse`` refuses fails the row.

    Args:
        words: the words of each statement, with "{}" for the cell.
    """
    statements = []
    for category, columns in COLUMNS.items():
        for column in (name for name in columns if name in row.cells):
            try:
                severity = parse(row.cells[column])
            except ValueError as error:
                row.fail(f"{column}: {error}", "severity")
            if severity is not None:
                statements.append(Statement(category, severity, words.format(row.cells[column])))
    return tuple(statements)
