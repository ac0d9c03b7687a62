"""IMDb parents-guide severities, exported as CSV or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.record import Advisory
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.skipped import Skipped
from safecrs.advisories.tables import Row, read_each

SOURCE = "parents-guide"


def read_parents_guide(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year, optional imdb_id and the five categories (None/Mild/Moderate/Severe or 0…3).

    Columns may be named as IMDb does ("Sex & Nudity") or as we do ("sex"); an empty cell says nothing. CSV,
    TSV, or JSON (a list of objects, or one a line), each also gzip-compressed.

    Raises:
        SafecrsError: the file is unreadable, or nothing of it was used.
    """
    return read_each(path, _advisory, skipped)


def _advisory(row: Row) -> Advisory | None:
    statements = severity_statements(row)
    return row.advisory(SOURCE, statements) if statements else None
