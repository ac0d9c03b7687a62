"""Items as they enter a catalog, and those of them that are one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from safecrs.catalog.batch import normalize_many
from safecrs.catalog.canonical import canonical_keys
from safecrs.catalog.index import MAX_YEAR_GAP

_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Item:
    """A film or a game as it enters a catalog; ``imdb_id`` is "tt…" for films."""

    title: str
    year: int | None = None
    imdb_id: str | None = None
    genres: tuple[str, ...] = ()
    plot: str = ""
    alternative_titles: tuple[str, ...] = ()


def merge_twins(items: Sequence[Item]) -> tuple[list[Item], list[tuple[str, int | None, int]]]:
    """Items without twins, in the order of the first of each, and every title with its year and row.

    Twins have one year, article and title, as `normalize_title` or `canonical_title` writes it. Or they have
    one IMDb id; but where its titles have other numbers ("Saw", "Saw II") or years more than 2 apart, the id
    is a mistake of the table and they stay apart. Each keeps the place of its first row and is called as the
    first row with a year.
    """
    titles = [item.title for item in items]
    normal, (articles, keys) = normalize_many(titles), canonical_keys(titles)
    lead = list(range(len(items)))
    seen: dict[tuple[object, ...], int] = {}
    for place, (item, title, code) in enumerate(zip(items, normal, normal.articles.tolist(), strict=True)):
        names = [(title, code, item.year), (keys[place] or title, articles[place], item.year)]
        if item.imdb_id:
            names.append((item.imdb_id, *_NUMBER.findall(keys[place])))
        for name in names:
            other = seen.setdefault(name, place)
            years = [year for year in (item.year, items[other].year) if year]
            if max(years, default=0) - min(years, default=0) <= MAX_YEAR_GAP:
                one, two = sorted((_first(lead, other), _first(lead, place)))
                lead[two] = one
    groups: dict[int, list[Item]] = {}
    for place, item in enumerate(items):
        groups.setdefault(_first(lead, place), []).append(item)
    merged = [_merged(group) for group in groups.values()]
    entries = [
        (title, twin.year or item.year, row)
        for row, (item, group) in enumerate(zip(merged, groups.values(), strict=True))
        for twin in group
        for title in (twin.title, *twin.alternative_titles)
    ]
    return merged, list(dict.fromkeys(entries))


def _first(lead: list[int], place: int) -> int:
    while lead[place] != place:
        lead[place] = place = lead[lead[place]]
    return place


def _merged(twins: Sequence[Item]) -> Item:
    """Title and year of the first with a year, the first id and plot, all genres; other titles are kept."""
    if len(twins) == 1:
        return twins[0]
    named = next((item for item in twins if item.year), twins[0])
    titles = [title for item in twins for title in (item.title, *item.alternative_titles)]
    return Item(
        named.title,
        named.year,
        next((item.imdb_id for item in twins if item.imdb_id), None),
        tuple(dict.fromkeys(genre for item in twins for genre in item.genres)),
        next((item.plot for item in twins if item.plot), ""),
        tuple(dict.fromkeys(title for title in titles if title != named.title)),
    )
