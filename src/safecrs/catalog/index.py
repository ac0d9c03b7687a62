"""Which row a title and a year mean, for many at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import Titles, normalize_many
from safecrs.catalog.canonical import canonicalize_many
from safecrs.catalog.normalize import short_titles, stated_name
from safecrs.catalog.table import TitleTable, named, under
from safecrs.storage import Tensors

Rule = Literal["strict", "reference"]
Entry = tuple[str, int | None, int]
NO_YEAR, LAST_YEAR = 0, 9999
MAX_YEAR_GAP = 2
UNDATED_GAP = 3
OTHER_ARTICLE = 4
SHORT = 4  # added to the article of an entry by a short title
_FAR = 2**40  # the gap to an entry without a year: wider than any other


class Entries(TitleTable):
    """What each key of a table may mean: catalog rows with years.

    Attributes:
        bounds: int32, where the entries of each key begin, and their number. All of a key are short or none.
        years: int16 (0 = unknown), ascending within a key; articles: uint8, the article that the key leaves
            out, plus `SHORT`; rows: int32.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        super().__init__(tensors)
        self.bounds, self.years, self.articles, self.rows = (
            tensors[name] for name in ("bounds", "years", "articles", "rows")
        )
        if len(self.bounds) != len(self) + 1 or not (
            len(self.years) == len(self.articles) == len(self.rows) == self.bounds[-1]
        ):
            raise ValueError("the title index is inconsistent")

    @classmethod
    def of(cls, titles: Titles, given: Sequence[Entry]) -> tuple[Entries, NDArray[np.int64]]:
        """Entries of (title, year, row) by the key of each title, and the id of each one's key."""
        table, ids = TitleTable.build(list(titles))
        years = np.array([year or NO_YEAR for _, year, _ in given], dtype=np.int16)
        rows = np.array([row for _, _, row in given], dtype=np.int32)
        order = np.lexsort((rows, years, ids))
        columns: Tensors = {
            "bounds": np.append(0, np.cumsum(np.bincount(ids, minlength=len(table)))).astype(np.int32),
            "years": years[order],
            "articles": titles.articles[order],
            "rows": rows[order],
        }
        return cls(table.tensors() | columns), ids

    def candidates(self, title: Titles) -> NDArray[np.int32]:
        """Rows of every entry with this key, by year."""
        number = self.find(title)[0]  # −1 selects from the end on, which is nothing
        return self.rows[self.bounds[number] : self.bounds[number + 1]]

    def match(
        self, titles: Titles, asked: NDArray[np.int64], rule: Rule = "strict"
    ) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
        """What keys and years mean: places in the batch, and of each the entry (`TitleIndex.resolve`) and
        its distance (`TitleIndex.match_many`)."""
        ids = self.find(titles)
        places = np.flatnonzero(ids >= 0)
        first = self.bounds[ids[places]].astype(np.int64)
        sizes = self.bounds[ids[places] + 1] - first
        begins = np.cumsum(sizes) - sizes
        of = np.repeat(np.arange(len(places)), sizes)
        entries = np.arange(len(of)) + (first - begins)[of]
        asked, have, own = asked[places][of], self.years[entries].astype(np.int64), self.articles[entries]
        gaps = np.where(asked == NO_YEAR, 0, np.where(have == NO_YEAR, _FAR, np.abs(have - asked)))
        if rule == "reference":
            gaps = np.minimum(gaps, MAX_YEAR_GAP + 1)
        other = own != titles.articles[places][of]
        near = (gaps <= MAX_YEAR_GAP) | (gaps == _FAR)
        fits = (near | (rule == "reference")) & ((own < SHORT) | (have == asked))
        one_sided = (have == NO_YEAR) != (asked == NO_YEAR)
        distance = np.where(one_sided, UNDATED_GAP, gaps) + OTHER_ARTICLE * other + (own >= SHORT)
        scores = 2 * gaps + other  # the year comes before the article
        kept = np.flatnonzero(scores == np.minimum.reduceat(scores, begins)[of])
        begins = np.flatnonzero(np.diff(of[kept], prepend=-1))
        rows, best = self.rows[entries[kept]], kept[begins]
        alone = np.minimum.reduceat(rows, begins) == np.maximum.reduceat(rows, begins)
        meant = fits[best] & (alone | (rule == "reference"))
        best = best[meant]
        return places[meant], entries[best], distance[best]


class TitleIndex:
    """Two tables, of which the second is asked only about what the first does not resolve.

    - ``exact``: titles and alternative titles as `normalize_title` writes them;
    - ``loose``: the same and their `stated_name` by canonical keys, and the `short_titles` that are not any
      item's title, which mean an item only with its very year: "Star Wars (1977)".

    Attributes:
        tensors: the columns, by the names the constructor reads them from.
        shared: bool, for each entry of ``exact`` whether a title of another spelling has its canonical key.
            Such a title with another year or article than the entry's is looked up by that key.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.tensors = dict(tensors)
        self._exact, self._loose = (Entries(under(prefix, tensors)) for prefix in ("exact.", "loose."))
        self.shared: NDArray[np.bool_] = tensors["shared"]
        if len(self.shared) != len(self._exact.rows):
            raise ValueError("the title index is inconsistent")

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> TitleIndex:
        """Index (title, year, row) entries; several entries may name one row."""
        given = list(entries)
        exact, spelling = Entries.of(normalize_many([title for title, _, _ in given]), given)
        full = given + [
            (name, year, row) for title, year, row in given if (name := stated_name(title)) != title
        ]
        every = full + [
            (name, year, row) for title, year, row in given if year for name in short_titles(title)
        ]
        keys = canonicalize_many([title for title, _, _ in every])
        keys.articles[len(full) :] |= SHORT
        titles = set(keys.take(np.arange(len(full))))
        kept = np.flatnonzero(
            [key and (place < len(full) or key not in titles) for place, key in enumerate(keys)]
        )
        loose, meaning = Entries.of(keys.take(kept), [every[place] for place in kept.tolist()])
        spelling = np.append(spelling, np.full(len(every) - len(given), len(exact)))[kept]
        pairs = np.unique(meaning * (len(exact) + 1) + spelling)
        several = np.bincount(pairs // (len(exact) + 1), minlength=len(loose)) > 1
        shared = np.isin(np.arange(len(exact)), spelling[several[meaning]])
        tensors = named("exact.", exact.tensors()) | named("loose.", loose.tensors())
        return cls(tensors | {"shared": np.repeat(shared, np.diff(exact.bounds))})

    def candidates(self, title: str) -> NDArray[np.int32]:
        """Rows of every item with this title, by year: of the first table that holds it."""
        rows = self._exact.candidates(normalize_many([title]))
        return rows if len(rows) else self._loose.candidates(canonicalize_many([title]))

    def holds(self, keys: Titles, *, canonical: bool = False) -> NDArray[np.bool_]:
        """Whether any item has a title of each key, as `normalize_title` or `canonical_title` writes it."""
        return (self._loose if canonical else self._exact).find(keys) >= 0

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
        entries = self._exact.match(normalize_many([title]), np.array([_year(year)]), rule)[1]
        return int(self._exact.rows[entries[0]]) if len(entries) else -1

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
        rows, distance = np.full(len(titles), -1, dtype=np.int32), np.zeros(len(titles), dtype=np.int8)
        asked = np.array([_year(year) for year in years], dtype=np.int64)
        places, entries, far = self._exact.match(normalize_many(titles), asked)
        sure = ~self.shared[entries] | (far == 0) | (asked[places] == NO_YEAR)
        rows[places[sure]], distance[places] = self._exact.rows[entries[sure]], far
        left = np.flatnonzero(rows < 0)
        if len(left):
            keys = canonicalize_many([titles[at] for at in left.tolist()])
            places, entries, far = self._loose.match(keys, asked[left])
            rows[left[places]], distance[left[places]] = self._loose.rows[entries], far
        return rows, distance


def _year(year: int | None) -> int:
    """A year as columns hold it; one that no item can have is the last of them."""
    return year if year and 0 < year < LAST_YEAR else LAST_YEAR if year else NO_YEAR
