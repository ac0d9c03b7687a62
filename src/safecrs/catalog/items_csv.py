"""Items from a table of one's own: title, year, and what else is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.tables import read_table
from safecrs.catalog.twins import Item


def read_items(path: Path) -> Iterator[Item]:
    """Items of a CSV or TSV file (``.gz`` too) with the columns title and year and, where known, imdb_id,
    genres, plot and alternative_titles (lists joined by "|").

    Raises:
        SafecrsError: the file is missing or a row is malformed; names file and row.
    """
    for row in read_table(path, required=("title", "year")):
        yield Item(
            row.title,
            row.year,
            row.imdb_id,
            tuple(genre.casefold() for genre in _parts(row.get("genres", "genre"))),
            row.get("plot", "overview") or "",
            _parts(row.get("alternative titles")),
        )


def _parts(cell: str | None) -> tuple[str, ...]:
    return tuple(part for text in (cell or "").split("|") if (part := text.strip()))
