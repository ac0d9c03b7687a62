"""Items from a table of one's own: title, year, and what else is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.skipped import Skipped
from safecrs.advisories.tables import Row, read_each
from safecrs.catalog.catalog import Item


def read_items(path: Path, skipped: Skipped | None = None) -> Iterator[Item]:
    """Items of a CSV or TSV file (``.gz`` too) with the columns title and year (or "Title (Year)") and, where
    known, imdb_id, genres, plot and alternative_titles (lists joined by "|").

    Raises:
        SafecrsError: the file is unreadable, or nothing of it was used.
    """
    return read_each(path, item_of, skipped)


def item_of(row: Row) -> Item:
    """The item of a row."""
    return Item(
        *row.item(),
        tuple(genre.casefold() for genre in row.parts("genres", "genre")),
        row.get("plot", "overview") or "",
        row.parts("alternative titles"),
    )
