"""Which row a title and a year mean, for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import Titles, normalize_many
from safecrs.catalog.canonical import canonicalize_many
from safecrs.catalog.shorts import short_titles, stated_name
from safecrs.catalog.table import TitleTable
from safecrs.storage import Tensors

Rule = Literal["strict", "reference"]
Entry = tuple[str, int | None, int]
NO_YEAR = 0
MAX_YEAR_GAP = 2
UNDATED_GAP = 3
OTHER_ARTICLE = 4
SHORT = 4
"""Added to the article of an entry by a short title."""

_FAR = np.int64(2**40)
"""The gap to an entry without a year: wider than any other."""


class Entries:
    """What each key of a table may mean: catalog rows with years.

    Attributes:
        titles: the distinct keys.
        bounds: int32, where the entries of each key begin, and their number. All of a key are short or none.
        years: int16 (0 = unknown), ascending within a key; articles: uint8, the article that the key leaves
            out, plus `SHORT`; rows: int32.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]], prefix: str) -> None:
        self.tensors = {name: tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        columns = {name.removeprefix(prefix): tensor for name, tensor in self.tensors.items()}
        self.titles = TitleTable(columns)
        self.bounds: NDArray[np.int32] = columns["bounds"]
        self.years: NDArray[np.int16] = columns["years"]
        self.articles: NDArray[np.uint8] = columns["articles"]
        self.rows: NDArray[np.int32] = columns["rows"]
        if (
            len(self.bounds) != len(self.titles) + 1
            or not len(self.years) == len(self.articles) == len(self.rows) == self.bounds[-1]
        ):
            raise ValueError("the title index is inconsistent")

    @classmethod
    def build(cls, prefix: str, titles: Titles, given: Sequence[Entry]) -> tuple[Entries, NDArray[np.int64]]:
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
        return cls({f"{prefix}{name}": column for name, column in columns.items()}, prefix), entry

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
        far = np.where(one_sided, UNDATED_GAP, np.abs(have - asked)) + OTHER_ARTICLE * other
        return np.where(self.articles[entries] < SHORT, far, OTHER_ARTICLE + 1)

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
        short = known[self.articles[result[known]] >= SHORT]
        result[short[self.years[result[short]] != asked[short]]] = -1
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


class TitleIndex:
    """Two tables, of which the second is asked only about what the first does not resolve.

    - ``exact``: titles and alternative titles as `normalize_title` writes them;
    - ``loose``: the same and their `stated_name` by canonical keys, and the `short_titles` that are not any
      item's title, which mean an item only with its very year: "Star Wars (1977)".

    Attributes:
        shared: bool, for each entry of ``exact`` whether a title of another spelling has its canonical key.
            Such a title with another year or article than the entry's is looked up by that key.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._exact, self._loose = Entries(tensors, "exact."), Entries(tensors, "loose.")
        self.shared: NDArray[np.bool_] = tensors["shared"]
        if len(self.shared) != len(self._exact.rows):
            raise ValueError("the title index is inconsistent")

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> TitleIndex:
        """Index (title, year, row) entries; several entries may name one row."""
        given = list(entries)
        exact, spelling = Entries.build("exact.", normalize_many([title for title, _, _ in given]), given)
        full = given + [
            (name, year, row) for title, year, row in given if (name := stated_name(title)) != title
        ]
        every = full + [
            (name, year, row) for title, year, row in given if year for name in short_titles(title)
        ]
        keys = canonicalize_many([title for title, _, _ in every])
        titles = set(keys.take(np.arange(len(full))))
        kept = [place for place, key in enumerate(keys) if key and (place < len(full) or key not in titles)]
        at = np.array(kept, dtype=np.int64)
        keys.articles[len(full) :] |= SHORT
        loose, meaning = Entries.build("loose.", keys.take(at), [every[place] for place in kept])
        spelling = np.append(spelling, np.full(len(every) - len(given), len(exact.titles)))[at]
        pairs = np.unique(meaning * (len(given) + 1) + spelling)
        several = np.bincount(pairs // (len(given) + 1), minlength=len(loose.titles)) > 1
        shared = np.zeros(len(exact.titles) + 1, dtype=np.bool_)  # the last: names that are not given
        shared[spelling[several[meaning]]] = True
        of_entries = {"shared": np.repeat(shared[:-1], np.diff(exact.bounds))}
        return cls(exact.tensors | loose.tensors | of_entries)

    def tensors(self) -> Tensors:
        """The columns, by the names the constructor reads them from."""
        return self._exact.tensors | self._loose.tensors | {"shared": self.shared}

    def candidates(self, title: str) -> NDArray[np.int32]:
        """Rows of every item with this title, by year: of the first table that holds it."""
        rows = self._exact.candidates(normalize_many([title]))
        return rows if len(rows) else self._loose.candidates(canonicalize_many([title]))

    def known(self, titles: Sequence[str]) -> NDArray[np.bool_]:
        """Whether any item has each title, written so but for `normalize_title`."""
        return self._exact.titles.find(normalize_many(titles)) >= 0

    def holds(self, keys: Titles, *, canonical: bool = False) -> NDArray[np.bool_]:
        """Whether any item has a title of each key, as `normalize_title` or `canonical_title` writes it."""
        return ((self._loose if canonical else self._exact).titles.find(keys) >= 0) & (keys.lengths > 0)

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
        rows = np.full(len(titles), -1, dtype=np.int32)
        for table, places, entries, _, _ in self._found(titles, years):
            rows[places] = table.rows[entries]
        return rows

    def match_many(
        self, titles: Sequence[str], years: Sequence[int | None]
    ) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """`resolve_many` with the distance of each match, int8: the smaller, the surer.

        The difference of the years (`UNDATED_GAP` when only one side has a year), plus `OTHER_ARTICLE` where
        the title is written with another article; a short title counts as off in both. Of no meaning where
        unresolved.
        """
        rows, distance = np.full(len(titles), -1, dtype=np.int32), np.zeros(len(titles), dtype=np.int8)
        for table, places, entries, asked, articles in self._found(titles, years):
            rows[places], distance[places] = table.rows[entries], table.distance(entries, asked, articles)
        return rows, distance

    def _found(
        self, titles: Sequence[str], years: Sequence[int | None]
    ) -> Iterator[tuple[Entries, NDArray[np.intp], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]]:
        """What each table resolves: places in the batch, entries, years asked for, articles asked with."""
        asked, normal = _years(years), normalize_many(titles)
        entries = self._exact.find(normal, asked)
        places = np.flatnonzero(entries >= 0)
        doubted = places[self.shared[entries[places]]]
        if len(doubted):
            far = self._exact.distance(entries[doubted], asked[doubted], normal.articles[doubted])
            entries[doubted[(far > 0) & (asked[doubted] != NO_YEAR)]] = -1
            places = np.flatnonzero(entries >= 0)
        yield self._exact, places, entries[places], asked[places], normal.articles[places]
        left = np.flatnonzero(entries < 0)
        if len(left):
            asked, keys = asked[left], canonicalize_many([titles[at] for at in left.tolist()])
            entries = self._loose.find(keys, asked)
            places = np.flatnonzero(entries >= 0)
            yield self._loose, left[places], entries[places], asked[places], keys.articles[places]


def _years(years: Sequence[int | None]) -> NDArray[np.int64]:
    try:
        return np.array(years, dtype=np.int64)
    except TypeError:  # some are None
        return np.array([year or NO_YEAR for year in years], dtype=np.int64)
