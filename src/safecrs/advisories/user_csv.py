"""A plain table that anybody can write."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.tables import Row, read_rows
from safecrs.advisories.topics import known_topic


def read_user_csv(path: Path, source: str | None = None) -> Iterator[Advisory]:
    """Rows of title and year, and any of: imdb_id, the five severities, topics, not_topics.

    | column     | holds                                                                     |
    |------------|---------------------------------------------------------------------------|
    | severities | None, Mild, Moderate, Severe or 0…3; empty says nothing                   |
    | topics     | what is in it, joined by "\\|": taxonomy topics or ESRB descriptors        |
    | not_topics | what was looked for and is not in it                                      |

    ``source`` is the name shown in explanations, by default the file's. CSV, TSV or JSON, also ``.gz``.

    Raises:
        SafecrsError: names file and row of what cannot be read; an unknown topic with close ones.
    """
    name = source or path.name.split(".")[0]
    for row in read_rows(path):
        present = _topics(row, "topics")
        absent = _topics(row, "not topics")
        both = [topic for topic in present if topic in absent]
        if both:
            row.fail(f"{both[0]!r} stands both under topics and under not_topics.")
        statements = (
            *severity_statements(row),
            *(Statement(topic, 1) for topic in present),
            *(Statement(topic, 0) for topic in absent),
        )
        yield Advisory(row.title, row.year, name, statements, imdb_id=row.imdb_id)


def _topics(row: Row, column: str) -> list[str]:
    parts = (part for part in (row.get(column) or "").split("|") if part.strip())
    try:
        return list(dict.fromkeys(known_topic(part) for part in parts))
    except ValueError as error:
        row.fail(f"{error}.".replace("?.", "?"))
