"""The catalog: items as they enter it, those of them that are one, and their columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import normalize_many
from safecrs.catalog.canonical import canonical_keys
from safecrs.catalog.facets import Facets
from safecrs.catalog.index import LAST_YEAR, MAX_YEAR_GAP, NO_YEAR, Rule, TitleIndex
from safecrs.catalog.item import Item, merged
from safecrs.catalog.normalize import make_label, split_label
from safecrs.catalog.table import StringColumn, named, under
from safecrs.errors import SafecrsError
from safecrs.storage import Tensors
from safecrs.taxonomy import Domain

_INDEX = "catalog.index."
_FACETS = "catalog.facets."
_ALIKE = 50.0  # of 100: how like a title must be to be suggested
_LONGEST = 200  # characters of a query that are read for suggestions


_NUMBER = re.compile(r"\d+")


class Catalog:
    """Items in a fixed order; a *row* is an item's position and its identity everywhere else.

    The columns are numpy arrays that may be mapped from a file, so a million titles load at once and cost
    memory only where they are read.

    Attributes:
        years: int16, 0 = unknown.
        index: which row a title and a year mean.
    """

    def __init__(self, domain: Domain, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.domain = domain
        self._tensors = {name: tensors[name] for name in tensors if name.startswith("catalog.")}
        try:
            self._titles = StringColumn(tensors["catalog.titles"], tensors["catalog.titles.offsets"])
            self.facets = Facets(under(_FACETS, tensors))
            self.years: NDArray[np.int16] = tensors["catalog.years"]
            self.index = TitleIndex(under(_INDEX, tensors))
        except (KeyError, ValueError) as error:
            raise SafecrsError(f"The catalog is incomplete ({error}); build it again.") from error
        if not len(self._titles) == len(self.facets.runtime) == len(self.years):
            raise SafecrsError("The catalog's columns differ in length; build it again.")

    @classmethod
    def from_items(cls, items: Iterable[Item], domain: Domain = "film") -> Catalog:
        """Build a catalog; rows that are one item become one (`_merge_twins`).

        Titles are compared by their canonical keys, but with their article: "Descent (2005)" and "The Descent
        (2005)" are two items.

        Raises:
            SafecrsError: there is no item, or one has no title.
        """
        given = list(items)
        if not given:
            raise SafecrsError("The catalog is empty: it needs at least one item with a title.")
        untitled = [number for number, item in enumerate(given, start=1) if not item.title.strip()]
        if untitled:
            raise SafecrsError(f"Item {untitled[0]} of the catalog has no title.")
        undated = [item.title for item in given if not 0 <= (item.year or NO_YEAR) < LAST_YEAR]
        if undated:
            raise SafecrsError(f"The year of {undated[0]!r} in the catalog is none; leave it empty.")
        groups, names = _merge_twins(given)
        rows, sources = zip(*map(merged, groups), strict=True)
        index = TitleIndex.build(names)
        titles = StringColumn.of(item.title.strip() for item in rows)
        tensors: Tensors = {
            "catalog.titles": titles.data,
            "catalog.titles.offsets": titles.offsets,
            "catalog.years": np.array([item.year or NO_YEAR for item in rows], dtype=np.int16),
        }
        facets = Facets.columns(rows, sources, _alike(rows, index))
        return cls(domain, tensors | named(_INDEX, index.tensors) | named(_FACETS, facets))

    def tensors(self) -> Tensors:
        """The columns, by the names `Catalog` reads them from."""
        return self._tensors

    def __len__(self) -> int:
        return len(self.years)

    def title(self, row: int) -> str:
        """The item's title."""
        return self._titles[row]

    def year(self, row: int) -> int | None:
        """The item's release year, None when unknown."""
        return int(self.years[row]) or None

    def label(self, row: int) -> str:
        """The item's text form, "Title (Year)"."""
        return make_label(self.title(row), self.year(row))

    def imdb_id(self, row: int) -> str | None:
        """The item's IMDb id, None when unknown."""
        return self.facets.text("imdb_id", row) or None

    def genres(self, row: int) -> tuple[str, ...]:
        """The item's genres, lower-case."""
        return self.facets.lists["genres"].of(row)

    def plot(self, row: int) -> str:
        """A sentence on what the item is about; empty when unknown."""
        return self.facets.text("plot", row)

    def item(self, row: int) -> Item:
        """All that is known of a row (alternative titles are only indexed, not kept)."""
        facets = self.facets
        popularity = float(facets.popularity[row])
        series = (name + (f" #{at}" if at else "") for name, at in facets.series(row))
        item = Item(
            self.title(row),
            self.year(row),
            self.imdb_id(row),
            plot=self.plot(row),
            audience=facets.text("audience", row),
            runtime=int(facets.runtime[row]) or None,
            popularity=None if popularity < 0 else popularity,
            alike=tuple(self.label(other) for other in facets.alike_rows(row).tolist()),
        )
        listed = {name: column.of(row) for name, column in facets.lists.items()}
        return replace(item, **listed | {"series": tuple(series)})  # type: ignore[arg-type]

    @cached_property
    def labels(self) -> list[str]:
        """Every item's label, by row."""
        rows = zip(self._titles, self.years.tolist(), strict=True)
        return [make_label(title, year or None) for title, year in rows]

    @cached_property
    def row_of_imdb_id(self) -> dict[str, int]:
        """IMDb id → row."""
        return {imdb_id: row for row, imdb_id in enumerate(self.facets.texts("imdb_id")) if imdb_id}

    def resolve(self, title: str, year: int | None = None, rule: Rule = "strict") -> int | None:
        """The row that ``title`` and ``year`` mean, None when unknown or ambiguous (`TitleIndex.resolve`)."""
        row = self.index.resolve(title, year, rule)
        return None if row < 0 else row

    def resolve_many(self, titles: Sequence[str], years: Sequence[int | None]) -> NDArray[np.int32]:
        """Rows of many titles at once, int32, −1 where unresolved."""
        return self.index.resolve_many(titles, years)

    def match_many(
        self, titles: Sequence[str], years: Sequence[int | None]
    ) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """`resolve_many`, and how far each match is from what was asked (`TitleIndex.match_many`)."""
        return self.index.match_many(titles, years)

    def same_title(self, title: str) -> list[int]:
        """Rows of every item with this title, whatever its year."""
        return sorted(set(self.index.candidates(title).tolist()))

    def known_titles(self, titles: Sequence[str]) -> NDArray[np.bool_]:
        """Whether any item has each title, whatever its year, bool [len(titles)]."""
        return self.index.holds(normalize_many(titles))

    def search(self, query: str, limit: int = 5) -> list[int]:
        """Rows whose label looks most like ``query``, best first: for "did you mean"."""
        from rapidfuzz import fuzz, process, utils

        # Each of the three alone holds some unlike titles for alike: those that share one word, or a year.
        scorers = (fuzz.ratio, fuzz.partial_ratio, fuzz.token_set_ratio)
        scores = sum(
            process.cdist([query[:_LONGEST]], self.labels, scorer=scorer, processor=utils.default_process)[0]
            for scorer in scorers
        ) / len(scorers)
        best = np.argsort(-scores, kind="stable")[:limit]
        return [int(row) for row in best if scores[row] >= _ALIKE]


def _merge_twins(
    items: Sequence[Item],
) -> tuple[list[list[Item]], list[tuple[str, int | None, int]]]:
    """The items grouped into twins, in the order of the first of each, and every title with its year and row.

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
            year = items[other].year
            if not (year and item.year) or abs(year - item.year) <= MAX_YEAR_GAP:
                one, two = sorted((_first(lead, other), _first(lead, place)))
                lead[two] = one
    groups: dict[int, list[Item]] = {}
    for place, item in enumerate(items):
        groups.setdefault(_first(lead, place), []).append(item)
    entries = [
        (title, twin.year or next((other.year for other in group if other.year), None), row)
        for row, group in enumerate(groups.values())
        for twin in group
        for title in (twin.title, *twin.alternative_titles)
    ]
    return list(groups.values()), list(dict.fromkeys(entries))


def _alike(items: Sequence[Item], index: TitleIndex) -> list[list[int]]:
    """For each item the rows of those it is said to be like; labels that are not found are dropped."""
    labels = [[split_label(label) for label in item.alike] for item in items]
    flat = [ref for refs in labels for ref in refs]
    rows = iter(index.resolve_many([title for title, _ in flat], [year for _, year in flat]).tolist())
    found = [[next(rows) for _ in refs] for refs in labels]
    return [
        [row for row in dict.fromkeys(near) if row not in (-1, place)] for place, near in enumerate(found)
    ]


def _first(lead: list[int], place: int) -> int:
    while lead[place] != place:
        lead[place] = place = lead[lead[place]]
    return place
