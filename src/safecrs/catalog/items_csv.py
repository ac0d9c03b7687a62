"""Items from a table of one's own: title, year, and what else is known."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each
from safecrs.catalog.item import Item

_MINUTES, _STEPS = (1, 1000), (0, 5)
_SYSTEMS = ("MPA", "TV", "ESRB", "PEGI", "BBFC")
_BARE = {"MPA": ("G", "PG", "PG-13", "R", "NC-17"), "ESRB": ("EC", "E", "E10+", "T", "M", "AO")}


def read_items(path: Path, skipped: Skipped | None = None) -> Iterator[Item]:
    """Items of a CSV or TSV file (``.gz`` too): title and year (or "Title (Year)") and, where
    known, any other field of an `Item` as a column, lists joined by "|".

    Raises:
        SafecrsError: the file is unreadable, or nothing of it was used.
    """
    return read_each(path, lambda row: item_of(row, path.name), skipped)


def item_of(row: Row, source: str = "") -> Item:
    """The item of a row; an invalid number or certificate is counted and read as unknown."""
    title, year, imdb_id = row.item()
    runtime = _number(row, "runtime", *_MINUTES)
    return Item(
        title,
        year,
        imdb_id,
        _lower(row, "genres", "genre"),
        row.get("plot", "overview", "description") or "",
        row.parts("alternative titles"),
        moods=_lower(row, "moods", "mood"),
        themes=_lower(row, "themes", "keywords", "tags"),
        certificates=tuple(
            filter(None, map(certificate, row.parts("certificates", "certificate", "rating")))
        ),
        audience=(row.get("audience") or "").casefold(),
        countries=tuple(code.upper() for code in row.parts("countries", "country")),
        languages=_lower(row, "languages", "language"),
        runtime=None if runtime is None else int(runtime),
        directors=row.parts("directors", "director"),
        cast=row.parts("cast", "actors", "stars"),
        series=row.parts("series"),
        platforms=_lower(row, "platforms", "platform"),
        popularity=_number(row, "popularity", *_STEPS),
        alike=row.parts("alike"),
        source=source,
    )


def certificate(text: str) -> str:
    """A certificate as "SYSTEM:VALUE", of a bare value by the system that it belongs to; else empty."""
    system, colon, value = (part.strip() for part in text.upper().partition(":"))
    if colon:
        return f"{system}:{value}" if system in _SYSTEMS else ""
    bare = next(
        (name for name, values in _BARE.items() if system in values), "TV" if system[:3] == "TV-" else ""
    )
    return bare and f"{bare}:{system}"


def _lower(row: Row, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.casefold() for part in row.parts(*names)))


def _number(row: Row, name: str, least: float, most: float) -> float | None:
    cell = (row.get(name) or "").removesuffix(" min")
    try:
        value = float(cell) if cell else None
    except ValueError:
        value = math.nan
    if value is None or least <= value <= most:
        return value
    row.note(f"{quoted(cell)} is no {name} from {least} to {most}; the row is read without it", name)
    return None
