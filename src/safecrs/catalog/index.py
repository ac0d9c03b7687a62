"""Which row a title and a year mean: a sorted array of title keys, searched in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.normalize import title_key

Rule = Literal["strict", "reference"]
NO_YEAR = 0
MAX_YEAR_GAP = 2


class TitleIndex:
    """Sorted (key, year) pairs of every title and alternative title, each with its catalog row.

    Attributes:
        keys: uint64, ascending; years: int16 (0 = unknown), ascending within a key; rows: int32.
    """

    def __init__(self, keys: NDArray[np.uint64], years: NDArray[np.int16], rows: NDArray[np.int32]) -> None:
        if not len(keys) == len(years) == len(rows):
            raise ValueError("the title index is inconsistent")
        self.keys, self.years, self.rows = keys, years, rows

    @classmethod
    def build(cls, entries: Iterable[tuple[str, int | None, int]]) -> TitleIndex:
        """Index (title, year, row) entries; several entries may name one row."""
        triples = [(title_key(title), year or NO_YEAR, row) for title, year, row in entries]
        keys = np.fromiter((key for key, _, _ in triples), dtype=np.uint64, count=len(triples))
        years = np.fromiter((year for _, year, _ in triples), dtype=np.int16, count=len(triples))
        rows = np.fromiter((row for _, _, row in triples), dtype=np.int32, count=len(triples))
        order = np.lexsort((rows, years, keys))
        return cls(keys[order], years[order], rows[order])

    def candidates(self, title: str) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
        """Years and rows of every item with this title, by year."""
        key = np.uint64(title_key(title))
        start, end = np.searchsorted(self.keys, key, "left"), np.searchsorted(self.keys, key, "right")
        return self.years[start:end], self.rows[start:end]

    def resolve(self, title: str, year: int | None, rule: Rule = "strict") -> int:
        """The row meant by ``title`` and ``year``; −1 when there is none or it is ambiguous.

        ``strict``: the smallest year difference up to 2 wins, a tie between two items is ambiguous; without
        a year the title must be unique. A year more than 2 off means another film (a remake the catalog does
        not hold), so it stays unresolved. ``reference``: the paper's rule, which then takes any film of that
        title.
        """
        years, rows = self.candidates(title)
        if len(rows) == 0:
            return -1
        if year is not None:
            gaps = np.where(years == NO_YEAR, 32767, np.abs(years.astype(np.int32) - year))
            nearest = int(gaps.min())
            if nearest <= MAX_YEAR_GAP:
                best = np.unique(rows[gaps == nearest])
                return int(best[0]) if len(best) == 1 or rule == "reference" else -1
            if rule == "strict" and np.any(years != NO_YEAR):
                return -1
        unique = np.unique(rows)
        return int(rows[0]) if len(unique) == 1 or rule == "reference" else -1

    def resolve_many(self, titles: Sequence[str], years: Sequence[int | None]) -> NDArray[np.int32]:
        """`resolve` with the strict rule for a batch, int32 [len(titles)]; searches all keys at once."""
        keys = np.fromiter((title_key(title) for title in titles), dtype=np.uint64, count=len(titles))
        wanted = np.fromiter((year or NO_YEAR for year in years), dtype=np.int32, count=len(titles))
        start = np.searchsorted(self.keys, keys, "left")
        end = np.searchsorted(self.keys, keys, "right")
        result = np.full(len(titles), -1, dtype=np.int32)
        single = end - start == 1
        found = np.flatnonzero(single)
        if len(found):
            at = start[found]
            have = self.years[at].astype(np.int32)
            fits = (
                (wanted[found] == NO_YEAR)
                | (have == NO_YEAR)
                | (np.abs(have - wanted[found]) <= MAX_YEAR_GAP)
            )
            result[found] = np.where(fits, self.rows[at], -1)
        for position in np.flatnonzero(end - start > 1).tolist():
            result[position] = self.resolve(titles[position], years[position])
        return result
