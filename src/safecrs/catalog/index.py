"""Which row a title and a year mean, for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import Titles, normalize_many
from safecrs.catalog.table import TitleTable
from safecrs.storage import Tensors

Rule = Literal["strict", "reference"]
NO_YEAR = 0
MAX_YEAR_GAP = 2
UNDATED_GAP = 3
OTHER_ARTICLE = 4

_FAR = np.int64(2**40)
"""The gap to an entry without a year: wider than any other."""


class TitleIndex:
    """The entries of every title and alternative title, each with its catalog row.

    Attributes:
        titles: the distinct normalised titles.
        bounds: int32, where the entries of each title id begin, and their number.
        years: int16 (0 = unknown), ascending within a title; articles: uint8, the article that the normalised
            title leaves out; rows: int32.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.titles = TitleTable(tensors)
        self.bounds: NDArray[np.int32] = tensors["bounds"]
        self.years: NDArray[np.int16] = tensors["years"]
        self.articles: NDArray[np.uint8] = tensors["articles"]
        self.rows: NDArray[np.int32] = tensors["rows"]
        if (
            len(self.bounds) != len(self.titles) + 1
            or not len(self.years) == len(self.articles) == len(self.rows) == self.bounds[-1]
        ):
            raise ValueError("the title index is inconsistent")

    @classmethod
    def build(cls, entries: Iterable[tuple[str, int | None, int]]) -> TitleIndex:
        """Index (title, year, row) entries; several entries may name one row."""
        found = list(entries)
        titles = normalize_many([title for title, _, _ in found])
        numbers: dict[bytes, int] = {}
        number = [numbers.setdefault(title, len(numbers)) for title in titles]
        table, ids = TitleTable.build(list(numbers))
        entry = ids[np.array(number, dtype=np.int64)]
        years = np.array([year or NO_YEAR for _, year, _ in found], dtype=np.int16)
        rows = np.array([row for _, _, row in found], dtype=np.int32)
        order = np.lexsort((rows, years, entry))
        sizes = np.bincount(entry, minlength=len(table))
        return cls(
            table.tensors()
            | {
                "bounds": np.append(0, np.cumsum(sizes)).astype(np.int32),
                "years": years[order],
                "articles": titles.articles[order],
                "rows": rows[order],
            }
        )

    def tensors(self) -> Tensors:
        """The columns, by the names the constructor reads them from."""
        return self.titles.tensors() | {
            "bounds": self.bounds,
            "years": self.years,
            "articles": self.articles,
            "rows": self.rows,
        }

    def candidates(self, title: str) -> NDArray[np.int32]:
        """Rows of every item with this title, by year."""
        number = int(self.titles.find(normalize_many([title]))[0])
        return self.rows[:0] if number < 0 else self.rows[self.bounds[number] : self.bounds[number + 1]]

    def known(self, titles: Sequence[str]) -> NDArray[np.bool_]:
        """Whether any item has each title."""
        return self.titles.find(normalize_many(titles)) >= 0

    def resolve(self, title: str, year: int | None, rule: Rule = "strict") -> int:
        """The row meant by ``title`` and ``year``; −1 when there is none or it is ambiguous.

        ``strict``: the smallest year difference up to 2 wins; of several items that tie, the one that is
        written with the same article ("Descent" is not "The Descent"), else it is ambiguous; without a year
        all tie. A year more than 2 off means another film (a remake the catalog does not hold), so it stays
        unresolved. ``reference``: the paper's rule, which then takes any film of that title.
        """
        return int(self._rows(self._entries(normalize_many([title]), _years([year]), rule))[0])

    def resolve_many(self, titles: Sequence[str], years: Sequence[int | None]) -> NDArray[np.int32]:
        """`resolve` with the strict rule for a batch, int32 [len(titles)]."""
        return self._rows(self._entries(normalize_many(titles), _years(years)))

    def match_many(
        self, titles: Sequence[str], years: Sequence[int | None]
    ) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """`resolve_many` with the distance of each match, int8: the smaller, the surer.

        The difference of the years (`UNDATED_GAP` when only one side has a year), plus `OTHER_ARTICLE` where
        the title is written with another article; of no meaning where unresolved.
        """
        normal, wanted = normalize_many(titles), _years(years)
        entries = self._entries(normal, wanted)
        distance = np.zeros(len(titles), dtype=np.int8)
        found = np.flatnonzero(entries >= 0)
        have, asked = self.years[entries[found]].astype(np.int64), wanted[found]
        one_sided = (have == NO_YEAR) != (asked == NO_YEAR)
        other = self.articles[entries[found]] != normal.articles[found]
        distance[found] = np.where(one_sided, UNDATED_GAP, np.abs(have - asked)) + OTHER_ARTICLE * other
        return self._rows(entries), distance

    def _rows(self, entries: NDArray[np.int64]) -> NDArray[np.int32]:
        rows = np.full(len(entries), -1, dtype=np.int32)
        found = np.flatnonzero(entries >= 0)
        rows[found] = self.rows[entries[found]]
        return rows

    def _entries(self, titles: Titles, asked: NDArray[np.int64], rule: Rule = "strict") -> NDArray[np.int64]:
        """The entry that each title and year mean, int64, −1 where `resolve` finds none."""
        ids = self.titles.find(titles)
        result = np.full(len(titles), -1, dtype=np.int64)
        known = np.flatnonzero(ids >= 0)
        first = self.bounds[ids[known]].astype(np.int64)
        sizes = self.bounds[ids[known] + 1] - first
        wanted, have = asked[known], self.years[first]
        near = (np.abs(have - wanted) <= MAX_YEAR_GAP) | (have == NO_YEAR) | (wanted == NO_YEAR)
        result[known] = np.where(near | (rule == "reference"), first, -1)
        several = np.flatnonzero(sizes > 1)
        if len(several):
            of = known[several]
            result[of] = self._nearest(first[several], sizes[several], asked[of], titles.articles[of], rule)
        return result

    def _nearest(
        self,
        first: NDArray[np.int64],
        sizes: NDArray[np.int64],
        asked: NDArray[np.int64],
        articles: NDArray[np.uint8],
        rule: Rule,
    ) -> NDArray[np.int64]:
        """Of the ``sizes[i]`` entries from ``first[i]`` on, the one that `resolve` takes, for every i."""
        begins = np.cumsum(sizes) - sizes
        of = np.repeat(np.arange(len(sizes)), sizes)
        entries = np.arange(len(of)) + (first - begins)[of]
        have, want = self.years[entries].astype(np.int64), asked[of]
        gaps = np.where(have == NO_YEAR, _FAR, np.abs(have - want))
        gaps[want == NO_YEAR] = 0
        nearest = np.minimum.reduceat(gaps, begins)
        near = (nearest <= MAX_YEAR_GAP) | (nearest == _FAR)
        kept = gaps == nearest[of]
        if rule == "reference":
            kept |= ~near[of]
            near[:] = True
        alike = kept & (self.articles[entries] == articles[of])
        kept = np.where(np.logical_or.reduceat(alike, begins)[of], alike, kept)
        rows = self.rows[entries]
        low = np.minimum.reduceat(np.where(kept, rows, np.iinfo(np.int32).max), begins)
        high = np.maximum.reduceat(np.where(kept, rows, -1), begins)
        chosen = np.minimum.reduceat(np.where(kept, entries, np.iinfo(np.int64).max), begins)
        return np.where(near & ((low == high) | (rule == "reference")), chosen, -1)


def _years(years: Sequence[int | None]) -> NDArray[np.int64]:
    try:
        return np.array(years, dtype=np.int64)
    except TypeError:  # some are None
        return np.array([year or NO_YEAR for year in years], dtype=np.int64)
