"""The entries of one table of titles: of a title and a year, the nearest year's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import Titles
from safecrs.catalog.table import TitleTable
from safecrs.storage import Tensors

Rule = Literal["strict", "reference"]
NO_YEAR = 0
MAX_YEAR_GAP = 2
UNDATED_GAP = 3
OTHER_ARTICLE = 4

_FAR = np.int64(2**40)
"""The gap to an entry without a year: wider than any other."""


class Entries:
    """What each key of a table may mean: catalog rows with years.

    Attributes:
        titles: the distinct keys.
        bounds: int32, where the entries of each key begin, and their number.
        years: int16 (0 = unknown), ascending within a key; articles: uint8, the article that the key leaves
            out; rows: int32.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], prefix: str) -> None:
        self.titles = TitleTable(
            {name: tensors[f"{prefix}.{name}"] for name in ("text", "offsets", "keys", "buckets")}
        )
        self.bounds: NDArray[np.int32] = tensors[f"{prefix}.bounds"]
        self.years: NDArray[np.int16] = tensors[f"{prefix}.years"]
        self.articles: NDArray[np.uint8] = tensors[f"{prefix}.articles"]
        self.rows: NDArray[np.int32] = tensors[f"{prefix}.rows"]
        if (
            len(self.bounds) != len(self.titles) + 1
            or not len(self.years) == len(self.articles) == len(self.rows) == self.bounds[-1]
        ):
            raise ValueError("the title index is inconsistent")
        self._prefix = prefix

    @classmethod
    def build(
        cls, prefix: str, titles: Titles, given: Sequence[tuple[str, int | None, int]]
    ) -> tuple[Entries, NDArray[np.int64]]:
        """Entries of (title, year, row) by the key of each title, and the id of each one's key."""
        numbers: dict[bytes, int] = {}
        number = [numbers.setdefault(title, len(numbers)) for title in titles]
        table, ids = TitleTable.build(list(numbers))
        entry = ids[np.array(number, dtype=np.int64)]
        years = np.array([year or NO_YEAR for _, year, _ in given], dtype=np.int16)
        rows = np.array([row for _, _, row in given], dtype=np.int32)
        order = np.lexsort((rows, years, entry))
        columns: Tensors = table.tensors() | {
            "bounds": np.append(0, np.cumsum(np.bincount(entry, minlength=len(table)))).astype(np.int32),
            "years": years[order],
            "articles": titles.articles[order],
            "rows": rows[order],
        }
        return cls({f"{prefix}.{name}": column for name, column in columns.items()}, prefix), entry

    def tensors(self) -> Tensors:
        """The columns, by the names the constructor reads them from."""
        columns = self.titles.tensors() | {
            "bounds": self.bounds,
            "years": self.years,
            "articles": self.articles,
            "rows": self.rows,
        }
        return {f"{self._prefix}.{name}": column for name, column in columns.items()}

    def candidates(self, title: Titles) -> NDArray[np.int32]:
        """Rows of every entry with this key, by year."""
        number = int(self.titles.find(title)[0])
        return self.rows[:0] if number < 0 else self.rows[self.bounds[number] : self.bounds[number + 1]]

    def distance(
        self, entries: NDArray[np.int64], asked: NDArray[np.int64], articles: NDArray[np.uint8]
    ) -> NDArray[np.int64]:
        """How far each entry is from the year asked for and its article (`TitleIndex.match_many`)."""
        have = self.years[entries].astype(np.int64)
        one_sided = (have == NO_YEAR) != (asked == NO_YEAR)
        other = self.articles[entries] != articles
        return np.where(one_sided, UNDATED_GAP, np.abs(have - asked)) + OTHER_ARTICLE * other

    def find(self, titles: Titles, asked: NDArray[np.int64], rule: Rule = "strict") -> NDArray[np.int64]:
        """The entry that each key and year mean, int64, −1 for none or several (`TitleIndex.resolve`)."""
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
        """Of the ``sizes[i]`` entries from ``first[i]`` on, the one that `find` takes, for every i."""
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

