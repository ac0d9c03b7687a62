"""What public tables say of films: the yardstick for the starter's facets and for recommended lists.

The tables are not part of the project: ReDial's and OpenDialKG's items, Wikipedia's American films and the
MPAA's ratings, all of them in one folder with the subfolders ``catalog`` and ``advisories`` (docs/data.md).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safecrs.advisories.tables import read_table
from safecrs.catalog import Catalog, Item, split_label

_GENRES: tuple[tuple[str, str], ...] = (
    ("action", r"action"),
    ("adventure", r"adventure"),
    ("animation", r"animat|anime"),
    ("biography", r"biograph"),
    ("comedy", r"comed|parody|slapstick|farce|sitcom|satire"),
    ("crime", r"crime|gangster|mafia|heist|detective|noir"),
    ("documentary", r"documentar"),
    ("drama", r"drama|tragedy|coming of age"),
    ("family", r"family|children"),
    ("fantasy", r"fantasy|fairy tale|supernatural"),
    ("film-noir", r"noir"),
    ("history", r"histor|costume|period"),
    ("horror", r"horror|slasher|zombie|vampire"),
    ("music", r"^music$|musical|performance"),
    ("musical", r"musical"),
    ("mystery", r"mystery|detective|whodunit"),
    ("romance", r"roman"),
    ("sci-fi", r"sci-fi|science fiction|dystop|time travel|superhero"),
    ("short", r"^short$"),
    ("sport", r"sport|boxing|football|basketball|baseball"),
    ("thriller", r"thriller|suspense|spy|espionage"),
    ("war", r"\bwar\b|world war"),
    ("western", r"western"),
)


def plain_genres(names: Iterator[str] | list[str]) -> frozenset[str]:
    """A table's genres under the names that the starter uses."""
    given = [name.casefold() for name in names]
    return frozenset(genre for genre, form in _GENRES if any(re.search(form, name) for name in given))


@dataclass(frozen=True, slots=True)
class Reference:
    """What one table says of one film; what it does not say is empty."""

    table: str
    title: str
    year: int | None
    genres: frozenset[str] = frozenset()
    directors: frozenset[str] = frozenset()
    cast: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    certificate: str = ""
    american: bool = False
    text: str = ""


class ReferenceTables:
    """The records of all tables, found by title and year."""

    def __init__(self, folder: Path) -> None:
        readers = (_redial, _opendialkg, _wikipedia, _mpaa)
        self.records = {reader.__name__[1:]: list(reader(folder)) for reader in readers}
        self._catalogs = {name: _Found(records) for name, records in self.records.items()}

    def of(self, title: str, year: int | None) -> list[Reference]:
        """What each table that holds the film says of it."""
        found = (catalog.find(title, year) for catalog in self._catalogs.values())
        return [record for record in found if record is not None]

    def titled(self, title: str) -> list[Reference]:
        """Every record with this title, whatever its year."""
        return [record for catalog in self._catalogs.values() for record in catalog.same_title(title)]


class _Found:
    def __init__(self, records: list[Reference]) -> None:
        self.catalog = Catalog.from_items(Item(record.title, record.year) for record in records)
        rows = self.catalog.resolve_many([r.title for r in records], [r.year for r in records])
        self.record = dict(zip(reversed(rows.tolist()), reversed(records), strict=True))

    def find(self, title: str, year: int | None) -> Reference | None:
        row = self.catalog.resolve(title, year)
        return None if row is None else self.record.get(row)

    def same_title(self, title: str) -> list[Reference]:
        return [self.record[row] for row in self.catalog.same_title(title) if row in self.record]


def _json(path: Path) -> Any:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return json.load(file)


def _names(values: object) -> frozenset[str]:
    return frozenset(
        value for value in (values if isinstance(values, list) else []) if isinstance(value, str)
    )


def _redial(folder: Path) -> Iterator[Reference]:
    for film in _json(folder / "catalog" / "redial_items.json.gz").values():
        title, year = split_label(film["name"])
        if title.strip():
            genres = plain_genres([genre for genre in film.get("genre") or [] if genre])
            people = _names(film.get("director")), _names(film.get("star"))
            yield Reference("redial", title, year, genres, *people, text=film.get("plot") or "")


def _opendialkg(folder: Path) -> Iterator[Reference]:
    for film in _json(folder / "catalog" / "opendialkg_items.json.gz").values():
        year = str(film.get("year", ""))
        if film.get("name", "").strip() and year.isdecimal():
            yield Reference(
                "opendialkg",
                film["name"],
                int(year),
                plain_genres(film.get("genre", [])),
                _names(film.get("director")),
                _names(film.get("actor")),
                frozenset(name.casefold().removesuffix(" language") for name in film.get("language", [])),
            )


def _wikipedia(folder: Path) -> Iterator[Reference]:
    with gzip.open(folder / "catalog" / "wikipedia_films.jsonl.gz", "rt", encoding="utf-8") as file:
        films: Iterator[Mapping[str, Any]] = map(json.loads, file)
        for film in films:
            yield Reference(
                "wikipedia",
                film["title"],
                film["year"],
                plain_genres(film.get("genres", [])),
                cast=_names(film.get("cast")),
                american=True,
                text=film.get("extract") or "",
            )


def _mpaa(folder: Path) -> Iterator[Reference]:
    for row in read_table(folder / "advisories" / "mpaa_rating_reasons.tsv.gz"):
        if row.cells["title"]:
            title, year, _ = row.item()
            yield Reference("mpaa", title, year, certificate=row.cells["rating"])
