"""IMDb parents-guide severities, exported as CSV or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.record import Advisory
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.tables import read_rows

SOURCE = "parents-guide"


def read_parents_guide(path: Path) -> Iterator[Advisory]:
    """Rows of title, year, optional imdb_id and the five categories (None/Mild/Moderate/Severe or 0…3).

    Columns may be named as IMDb does ("Sex & Nudity") or as we do ("sex"); an empty cell says nothing. CSV,
    TSV, or JSON (a list of objects, or one a line), each also gzip-compressed.

    Raises:
        SafecrsError: names file and row of what cannot be read.
    """
    for row in read_rows(path):
        statements = severity_statements(row)
        if statements:
            yield Advisory(row.title, row.year, SOURCE, statements, imdb_id=row.imdb_id)
