"""Items as they enter a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal, get_args

Listed = Literal[
    "genres",
    "moods",
    "themes",
    "certificates",
    "countries",
    "languages",
    "directors",
    "cast",
    "series",
    "platforms",
]
"""Facets of which an item may have several values."""
LISTED: tuple[Listed, ...] = get_args(Listed)
_UNITED = ("genres", "moods", "themes", "certificates", "alternative_titles")
_OWN = ("title", "year", "alternative_titles", "source")


@dataclass(frozen=True, slots=True)
class Item:
    """A film or a game as it enters a catalog. Everything but the title may be unknown.

    Attributes:
        imdb_id: "tt…" for films.
        genres, moods, themes: lower-case; themes are keywords such as "heist" or "road trip".
        plot: a sentence on what it is about.
        certificates: "SYSTEM:VALUE" for the systems MPA, TV, ESRB, PEGI, BBFC: "MPA:PG-13".
        audience: whom it is made for: kids, family, teens, general or adults; of taste, not of safety.
        countries: ISO 3166 codes of two letters, upper-case; languages: ISO 639-1 codes, lower-case.
        runtime: minutes.
        directors, cast: full names, the most important first.
        series: "Name #position", or the name alone: "Toy Story #2".
        platforms: what a game is played on, lower-case: pc, playstation, xbox, switch, nintendo, mobile …
        popularity: from 0 (hardly known) to 5 (known to nearly everybody).
        alike: labels of items that the same people like.
        source: who says so.
    """

    title: str
    year: int | None = None
    imdb_id: str | None = None
    genres: tuple[str, ...] = ()
    plot: str = ""
    alternative_titles: tuple[str, ...] = ()
    moods: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    audience: str = ""
    countries: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    runtime: int | None = None
    directors: tuple[str, ...] = ()
    cast: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    popularity: float | None = None
    alike: tuple[str, ...] = ()
    source: str = ""


FACETS = tuple(field.name for field in fields(Item) if field.name not in _OWN)
"""What is known of an item besides its titles and year, each with a source."""


def merged(twins: Sequence[Item]) -> tuple[Item, dict[str, str]]:
    """One item of several rows about it, and the source of each facet.

    Title and year are those of the first with a year. Genres, moods, themes, certificates and other titles
    are united; of anything else the first row that knows it holds.
    """
    first = next((item for item in twins if item.year), twins[0])
    known: dict[str, object] = {}
    sources: dict[str, str] = {}
    for name in FACETS:
        values = [
            (value, item.source) for item in twins if (value := getattr(item, name)) not in (None, "", ())
        ]
        if values:
            known[name], sources[name] = values[0]
            if name in _UNITED:
                known[name] = tuple(dict.fromkeys(part for value, _ in values for part in value))
    titles = (title for item in twins for title in (item.title, *item.alternative_titles))
    known["alternative_titles"] = tuple(dict.fromkeys(title for title in titles if title != first.title))
    return replace(first, **known), sources  # type: ignore[arg-type]
