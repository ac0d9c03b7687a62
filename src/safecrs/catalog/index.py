"""Which row a title and a year mean: a sorted array of title keys, searched in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.normalize import normalized_key, split_article, title_key

Rule = Literal["strict", "reference"]
NO_YEAR = 0
MAX_YEAR_GAP = 2
UNDATED_GAP = 3
OTHER_ARTICLE = 4

_ARTICLES = ("", "the", "a", "an")


class TitleIndex:
    """Sorted (key, year) pairs of every title and alternative title, each with its catalog row.

    Attributes:
        keys: uint64, ascending; years: int16 (0 = unknown), ascending within a key; articles: uint8, the
            article that the key leaves out; rows: int32.
    """

    def __init__(
        self,
        keys: NDArray[np.uint64],
        years: NDArray[np.int16],
        articles: NDArray[np.uint8],
        rows: NDArray[np.int32],
    ) -> None:
        if not len(keys) == len(years) == len(articles) == len(rows):
            raise ValueError("the title index is inconsistent")
        self.keys, self.years, self.articles, self.rows = keys, years, articles, rows

    @classmethod
    def build(cls, entries: Iterable[tuple[str, int | None, int]]) -> TitleIndex:
        """Index (title, year, row) entries; several entries may name one row."""
        found = [(*split_article(title), year or NO_YEAR, row) for title, year, row in entries]
        size = len(found)
        keys = np.fromiter((normalized_key(title) for _, title, _, _ in found), dtype=np.uint64, count=size)
        codes = (_ARTICLES.index(article) for article, _, _, _ in found)
        articles = np.fromiter(codes, dtype=np.uint8, count=size)
        years = np.fromiter((year for _, _, year, _ in found), dtype=np.int16, count=size)
        rows = np.fromiter((row for _, _, _, row in found), dtype=np.int32, count=size)
        order = np.lexsort((rows, years, keys))
        return cls(keys[order], years[order], articles[order], rows[order])

    def candidates(self, title: str) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
        """Years and rows of every item with this title, by year."""
        start, end = self._span(title)
        return self.years[start:end], self.rows[start:end]

    def resolve(self, title: str, year: int | None, rule: Rule = "strict") -> int:
        """The row meant by ``title`` and ``year``; −1 when there is none or it is ambiguous.

        ``strict``: the smallest year difference up to 2 wins; of several items that tie, the one that is
        written with the same article ("Descent" is not "The Descent"), else it is ambiguous; without a year
        all tie. A year more than 2 off means another film (a remake the catalog does not hold), so it stays
        unresolved. ``reference``: the paper's rule, which then takes any film of that title.
        """
        entry = self._entry(title, year, *self._span(title), rule)
        return -1 if entry < 0 else int(self.rows[entry])

    def resolve_many(self, titles: Sequence[str], years: Sequence[int | None]) -> NDArray[np.int32]:
        """`resolve` with the strict rule for a batch, int32 [len(titles)]; searches all keys at once."""
        return self._rows(self._entries(titles, years))

    def match_many(
        self, titles: Sequence[str], years: Sequence[int | None]
    ) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """`resolve_many` with the distance of each match, int8: the smaller, the surer.

        The difference of the years (`UNDATED_GAP` when only one side has a year), plus `OTHER_ARTICLE` where
        the title is written with another article; of no meaning where unresolved.
        """
        entries = self._entries(titles, years)
        distance = np.zeros(len(titles), dtype=np.int8)
        found = np.flatnonzero(entries >= 0)
        if len(found):
            have = self.years[entries[found]].astype(np.int32)
            asked = _years(years)[found]
            one_sided = (have == NO_YEAR) != (asked == NO_YEAR)
            article = np.array([_article(titles[position]) for position in found.tolist()], dtype=np.uint8)
            other = self.articles[entries[found]] != article
            distance[found] = np.where(one_sided, UNDATED_GAP, np.abs(have - asked)) + OTHER_ARTICLE * other
        return self._rows(entries), distance

    def _span(self, title: str) -> tuple[int, int]:
        key = np.uint64(title_key(title))
        return int(np.searchsorted(self.keys, key, "left")), int(np.searchsorted(self.keys, key, "right"))

    def _rows(self, entries: NDArray[np.int64]) -> NDArray[np.int32]:
        if not len(self.rows):
            return np.full(len(entries), -1, dtype=np.int32)
        return np.where(entries < 0, np.int32(-1), self.rows[entries])

    def _entry(self, title: str, year: int | None, start: int, end: int, rule: Rule) -> int:
        """The entry of ``start:end`` that `resolve` takes, −1 when there is none or it is ambiguous."""
        entries = np.arange(start, end)
        years = self.years[start:end].astype(np.int32)
        if year is not None and np.any(years != NO_YEAR):
            gaps = np.where(years == NO_YEAR, 32767, np.abs(years - year))
            nearest = int(gaps.min())
            if nearest <= MAX_YEAR_GAP:
                entries = entries[gaps == nearest]
            elif rule == "strict":
                return -1
        if len(entries) > 1:
            same = entries[self.articles[entries] == _article(title)]
            entries = same if len(same) else entries
        if len(entries) == 0 or (rule == "strict" and np.any(self.rows[entries] != self.rows[entries[0]])):
            return -1
        return int(entries[0])

    def _entries(self, titles: Sequence[str], years: Sequence[int | None]) -> NDArray[np.int64]:
        keys = np.fromiter((title_key(title) for title in titles), dtype=np.uint64, count=len(titles))
        asked = _years(years)
        start = np.searchsorted(self.keys, keys, "left")
        end = np.searchsorted(self.keys, keys, "right")
        result = np.full(len(titles), -1, dtype=np.int64)
        found = np.flatnonzero(end - start == 1)
        if len(found):
            at = start[found]
            have = self.years[at].astype(np.int32)
            undated = (asked[found] == NO_YEAR) | (have == NO_YEAR)
            result[found] = np.where(undated | (np.abs(have - asked[found]) <= MAX_YEAR_GAP), at, -1)
        for position in np.flatnonzero(end - start > 1).tolist():
            span = int(start[position]), int(end[position])
            result[position] = self._entry(titles[position], years[position], *span, "strict")
        return result


def _article(title: str) -> int:
    return _ARTICLES.index(split_article(title)[0])


def _years(years: Sequence[int | None]) -> NDArray[np.int32]:
    return np.fromiter((year or NO_YEAR for year in years), dtype=np.int32, count=len(years))
