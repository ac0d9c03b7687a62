"""Which row a title and a year mean, for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import Titles, normalize_many
from safecrs.catalog.canonical import canonicalize_many
from safecrs.catalog.entries import MAX_YEAR_GAP, NO_YEAR, OTHER_ARTICLE, UNDATED_GAP, Entries, Rule
from safecrs.catalog.shorts import short_titles, stated_name
from safecrs.storage import Tensors

__all__ = ["MAX_YEAR_GAP", "NO_YEAR", "OTHER_ARTICLE", "UNDATED_GAP", "Rule", "TitleIndex"]

Entry = tuple[str, int | None, int]


class TitleIndex:
    """Three tables, each asked only about what those before it do not resolve.

    - ``exact``: titles and alternative titles as `normalize_title` writes them;
    - ``loose``: the same and their `stated_name` by canonical keys;
    - ``short``: `short_titles` by canonical keys, without those that are any item's title. One means an item
      only with its very year: "Star Wars (1977)".

    Attributes:
        shared: bool, for each entry of ``exact`` whether a title of another spelling has its canonical key.
            Such a title with another year or article than the entry's is looked up by that key.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._exact, self._loose, self._short = (
            Entries(tensors, prefix) for prefix in ("exact", "loose", "short")
        )
        self.shared: NDArray[np.bool_] = tensors["shared"]
        if len(self.shared) != len(self._exact.rows):
            raise ValueError("the title index is inconsistent")

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> TitleIndex:
        """Index (title, year, row) entries; several entries may name one row."""
        given = list(entries)
        full = given + [(name, year, row) for title, year, row in given if (name := stated_name(title)) != title]
        shorts = [(name, year, row) for title, year, row in given if year for name in short_titles(title)]
        exact, spelling = Entries.build("exact", normalize_many(_titles(given)), given)
        keys = canonicalize_many(_titles(full))
        said = np.flatnonzero(keys.lengths)
        loose, meaning = Entries.build("loose", keys.take(said), [full[at] for at in said.tolist()])
        keys = canonicalize_many(_titles(shorts))
        free = np.flatnonzero((keys.lengths > 0) & (loose.titles.find(keys) < 0))
        short, _ = Entries.build("short", keys.take(free), [shorts[at] for at in free.tolist()])
        spelling = np.append(spelling, np.full(len(full) - len(given), -1))[said]
        low, high = np.full(len(loose.titles), len(given)), np.full(len(loose.titles), -1)
        np.minimum.at(low, meaning, spelling)
        np.maximum.at(high, meaning, spelling)
        shared = np.zeros(len(exact.titles) + 1, dtype=np.bool_)  # the last is that of other names
        shared[spelling[(low < high)[meaning]]] = True
        of_entries = {"shared": np.repeat(shared[:-1], np.diff(exact.bounds))}
        return cls(exact.tensors() | loose.tensors() | short.tensors() | of_entries)

    def tensors(self) -> Tensors:
        """The columns, by the names the constructor reads them from."""
        tables = self._exact.tensors() | self._loose.tensors() | self._short.tensors()
        return tables | {"shared": self.shared}

    def candidates(self, title: str) -> NDArray[np.int32]:
        """Rows of every item with this title, by year: of the first table that holds it."""
        key = canonicalize_many([title])
        tables = ((self._exact, normalize_many([title])), (self._loose, key), (self._short, key))
        return next((rows for table, asked in tables if len(rows := table.candidates(asked))), self._exact.rows[:0])

    def known(self, titles: Sequence[str]) -> NDArray[np.bool_]:
        """Whether any item has each title, written so but for `normalize_title`."""
        return self._exact.titles.find(normalize_many(titles)) >= 0

    def holds(self, keys: Titles) -> NDArray[np.bool_]:
        """Whether any item has a title or short title of each canonical key."""
        return (self._loose.titles.find(keys) >= 0) | (self._short.titles.find(keys) >= 0)

    def resolve(self, title: str, year: int | None, rule: Rule = "strict") -> int:
        """The row meant by ``title`` and ``year``; −1 when there is none or it is ambiguous.

        ``strict``: the smallest year difference up to 2 wins; of several items that tie, the one that is
        written with the same article ("Descent" is not "The Descent"), else it is ambiguous; without a year
        all tie. A year more than 2 off means another film (a remake the catalog does not hold), so it stays
        unresolved. ``reference``: the paper's rule, which then takes any film of that title; it knows no
        canonical keys.
        """
        if rule == "strict":
            return int(self.resolve_many([title], [year])[0])
        entry = self._exact.find(normalize_many([title]), _years([year]), rule)[0]
        return -1 if entry < 0 else int(self._exact.rows[entry])

    def resolve_many(self, titles: Sequence[str], years: Sequence[int | None]) -> NDArray[np.int32]:
        """`resolve` with the strict rule for a batch, int32 [len(titles)]."""
        return self.match_many(titles, years)[0]

    def match_many(
        self, titles: Sequence[str], years: Sequence[int | None]
    ) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """`resolve_many` with the distance of each match, int8: the smaller, the surer.

        The difference of the years (`UNDATED_GAP` when only one side has a year), plus `OTHER_ARTICLE` where
        the title is written with another article; a short title counts as off in both. Of no meaning where
        unresolved.
        """
        asked, normal = _years(years), normalize_many(titles)
        rows, distance = np.full(len(titles), -1, dtype=np.int32), np.zeros(len(titles), dtype=np.int8)
        entries = self._exact.find(normal, asked)
        found = np.flatnonzero(entries >= 0)
        far = self._exact.distance(entries[found], asked[found], normal.articles[found])
        doubted = self.shared[entries[found]] & (far > 0) & (asked[found] != NO_YEAR)
        if doubted.any():
            found, far = found[~doubted], far[~doubted]
        rows[found], distance[found] = self._exact.rows[entries[found]], far
        left = np.flatnonzero(rows < 0)
        if len(left):
            asked, keys = asked[left], canonicalize_many([titles[at] for at in left.tolist()])
            for table in (self._loose, self._short):
                entries = table.find(keys, asked)
                if table is self._short and len(table.years):
                    entries[table.years[entries] != asked] = -1
                hit = np.flatnonzero(entries >= 0)
                rows[left[hit]] = table.rows[entries[hit]]
                far = table.distance(entries[hit], asked[hit], keys.articles[hit])
                distance[left[hit]] = far if table is self._loose else OTHER_ARTICLE + 1
        return rows, distance


def _titles(entries: Sequence[Entry]) -> list[str]:
    return [title for title, _, _ in entries]


def _years(years: Sequence[int | None]) -> NDArray[np.int64]:
    try:
        return np.array(years, dtype=np.int64)
    except TypeError:  # some are None
        return np.array([year or NO_YEAR for year in years], dtype=np.int64)
