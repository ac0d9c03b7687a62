"""A plain table that anybody can write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each
from safecrs.advisories.topics import known_topic


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

    Raises:
        SafecrsError: the file is unreadable, or nothing of it was used.
    """
    name = source or path.name.split(".")[0]

    def advisory(row: Row) -> Advisory | None:
        present, absent = _topics(row, "topics"), _topics(row, "not topics")
        for topic in present:
            if topic in absent:
                row.fail(f"{quoted(topic)} stands both under topics and under not_topics", "both")
        statements = (
            *severity_statements(row),
            *(Statement(topic, 1) for topic in present),
            *(Statement(topic, 0) for topic in absent),
        )
        return row.advisory(name, statements) if statements else None

    return read_each(path, advisory, skipped)


def _topics(row: Row, column: str) -> list[str]:
    topics = []
    for part in (row.get(column) or "").split("|"):
        if part.strip():
            try:
                topics.append(known_topic(part))
            except ValueError as error:
                row.fail(str(error), "topic")
    return list(dict.fromkeys(topics))
