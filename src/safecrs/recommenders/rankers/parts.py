"""The parts of the hybrid ranker's score: what is popular, alike, described, or chosen together."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from safecrs.catalog import Catalog
from safecrs.catalog.item import Listed
from safecrs.recommenders.histories import Histories, like_counts
from safecrs.recommenders.rankers.bm25 import bm25_matrix
from safecrs.recommenders.rankers.query import Query, Rows, words_of
from safecrs.recommenders.rankers.talks import Talk, moments
from safecrs.recommenders.rankers.wishes import meets

Floats = NDArray[np.float32]
ALIKE: tuple[Listed, ...] = ("genres", "themes", "moods", "directors", "cast", "series", "countries")
_RECENT, _OLD = 5.0, 30.0  # years
_PRIOR = 20.0  # suggestions that a word's counts are shrunk by
_RARE = 5  # suggestions in whose requests a word must occur


class Popularity:
    """Columns that do not depend on the request: counts as log(1 + n), and the age of items."""

    def __init__(self, catalog: Catalog, histories: Histories, talks: Sequence[Talk]) -> None:
        size = len(catalog)
        named = [np.array(sorted({row for turn in talk for row in turn.named})) for talk in talks]
        suggested = [np.array(turn.suggested) for talk in talks for turn in talk if turn.suggested]
        years = catalog.years.astype(np.float32)
        age = years.max(initial=0) - years
        known = years > 0
        self.columns: dict[str, Floats] = {
            "liked": _log(like_counts(histories, size)),
            "mentioned": _log(like_counts([rows.astype(np.int32) for rows in named], size)),
            "suggested": _log(like_counts([rows.astype(np.int32) for rows in suggested], size)),
            "fame": np.maximum(catalog.facets.popularity, 0),
            "recent": (known * np.exp(-age / _RECENT)).astype(np.float32),
            "old": (known * np.minimum(age / _OLD, 2)).astype(np.float32),
        }


def _log(counts: NDArray[np.int64]) -> Floats:
    return np.log1p(counts).astype(np.float32)


class SharedFacets:
    """Items that share rare facets: the cosine of idf-weighted values, summed over the given rows."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.values = {name: _by_rarity(catalog, name) for name in ALIKE}

    def alike(self, name: Listed, rows: Rows) -> Floats:
        """How much every item shares with ``rows``, [items]."""
        values = self.values[name]
        return _mean(values @ values[rows].sum(axis=0), rows)

    def asked(self, query: Query) -> tuple[Floats, Floats, Floats]:
        """How many wished genres, people and other facets every item has, less those that are unwanted."""
        size = len(self.catalog)
        found = np.zeros((3, size), dtype=np.float32)
        counts = [0, 0, 0]
        for wish in query.preferences.stated:
            if wish.facet == "text":
                continue
            kind = 0 if wish.facet == "genres" else 1 if wish.facet in ("directors", "cast") else 2
            sign = -1 if wish.firmness in ("never", "rather not") else 1
            found[kind] += sign * meets(wish, self.catalog)
            counts[kind] += 1
        found /= np.maximum(np.sqrt(np.array(counts, dtype=np.float32)), 1)[:, None]
        return found[0], found[1], found[2]


def _mean(total: NDArray[np.float32], rows: Rows) -> Floats:
    """A sum over ``rows``, divided by the root of their number."""
    return np.asarray(total / max(len(rows), 1) ** 0.5, dtype=np.float32)


def _by_rarity(catalog: Catalog, name: Listed) -> sparse.csr_array:
    """Values weighted by idf, each row of length one, float32 [items, values]."""
    lists = catalog.facets.lists[name]
    shape = (len(catalog), len(lists.vocabulary))
    holding = np.maximum(np.bincount(lists.ids, minlength=shape[1]), 1)
    weights = np.log(len(catalog) / holding + 1e-9).astype(np.float32)[lists.ids]
    ids, bounds = np.array(lists.ids), np.array(lists.bounds)  # scipy sorts them in place
    matrix = sparse.csr_array((weights, ids, bounds), shape=shape)
    norms = np.sqrt(matrix.power(2).sum(axis=1))
    return sparse.csr_array(sparse.diags_array(1 / np.where(norms > 0, norms, 1)) @ matrix).astype(np.float32)


class Chosen:
    """EASE (Steck 2019) over histories and training conversations, solved for the items near a request.

    EASE regresses every item on all others: B = I − P diag(P)⁻¹ with P = (XᵀX + λI)⁻¹. Only the rows of the
    named items are needed, and of them only the columns of items near those, so the inverse is taken
    over the ``near`` nearest: exact where no more were chosen, a few milliseconds at any catalog's size.
    """

    def __init__(
        self,
        catalog: Catalog,
        histories: Histories,
        talks: Sequence[Talk],
        *,
        penalty: float = 200.0,
        weight: float = 2.0,
        near: int = 300,
    ) -> None:
        said = [np.unique([row for turn in talk for row in turn.named]).astype(np.int32) for talk in talks]
        size = len(catalog)
        own, spoken = _users(histories, size), _users(said, size)
        self.together = sparse.csr_array(own.T @ own + weight * (spoken.T @ spoken)).astype(np.float32)
        self._known = self.together.diagonal() > 0
        self._size = np.sqrt(np.maximum(self.together.diagonal(), 1))
        self.penalty, self.near = penalty, near

    def scores(self, query: Query) -> tuple[Floats, Floats]:
        """Predicted choice given what the user named, and given what was offered, [items] each."""
        result = np.zeros((2, len(self._size)), dtype=np.float32)
        named = query.named[self._known[query.named]]
        if not len(named):
            return result[0], result[1]
        shared = np.where(self._known, self.together[named].sum(axis=0) / self._size, -1)
        shared[named] = np.inf
        count = min(self.near, int(self._known.sum()))
        items = np.sort(np.argpartition(-shared, count - 1)[:count])
        gram = self.together[items][:, items].toarray()
        gram[np.diag_indices(count)] += self.penalty
        inverse = np.linalg.inv(gram)
        weights = -inverse / np.diag(inverse)
        np.fill_diagonal(weights, 0)
        for at, rows in enumerate((query.own, query.offered)):
            given = np.flatnonzero(np.isin(items, rows))
            if len(given):
                result[at, items] = weights[given].sum(axis=0) / len(given) ** 0.5
        return result[0], result[1]


def _users(histories: Histories, items: int) -> sparse.csr_array:
    rows = np.concatenate([np.empty(0, dtype=np.int32), *histories])
    bounds = np.cumsum([0, *map(len, histories)])
    return sparse.csr_array(
        (np.ones(len(rows), dtype=np.float32), rows, bounds), shape=(len(histories), items)
    )


class Spoken:
    """Which items are suggested after which words, in training conversations."""

    def __init__(self, catalog: Catalog, talks: Sequence[Talk]) -> None:
        self.size = len(catalog)
        pairs: list[tuple[str, int]] = []
        for talk in talks:
            for before, turn in moments(talk):
                text = " ".join(each.message.content for each in before)
                pairs += [(word, row) for word in dict.fromkeys(words_of(text)) for row in turn.suggested]
        self.vocabulary: dict[str, int] = {}
        words = [self.vocabulary.setdefault(word, len(self.vocabulary)) for word, _ in pairs]
        rows = np.array([row for _, row in pairs], dtype=np.int64)
        shape = (len(self.vocabulary), self.size)
        counts = sparse.csr_array((np.ones(len(rows)), (words, rows)), shape=shape)
        counts.sum_duplicates()
        said = [row for talk in talks for turn in talk for row in turn.suggested]
        share = (np.bincount(said, minlength=self.size) + 0.5) / (len(said) + 0.5 * self.size)
        counts.data = np.log1p(counts.data / (_PRIOR * share[counts.indices]))
        frequent = np.bincount(words, minlength=shape[0]) >= _RARE
        self.lift = sparse.csr_array(sparse.diags_array(frequent.astype(float)) @ counts).astype(np.float32)

    def scores(self, query: Query) -> Floats:
        """The summed log lift of the request's words, [items]."""
        rows = [self.vocabulary[word] for word in query.words if word in self.vocabulary]
        if not rows:
            return np.zeros(self.size, dtype=np.float32)
        return np.asarray(self.lift[rows].sum(axis=0), dtype=np.float32)


class Described:
    """BM25 over plot, themes and moods: by the user's words, and by what the named items are about."""

    def __init__(self, catalog: Catalog) -> None:
        facets = catalog.facets
        self.documents = [
            words_of(
                " ".join((catalog.plot(row), *facets.lists["themes"].of(row), *facets.lists["moods"].of(row)))
            )
            for row in range(len(catalog))
        ]

    @cached_property
    def _index(self) -> tuple[dict[str, int], sparse.csc_array]:
        return bm25_matrix(self.documents)

    @cached_property
    def _unit(self) -> sparse.csr_array:
        rows = sparse.csr_array(self._index[1])
        norms = np.sqrt(rows.power(2).sum(axis=1))
        return sparse.csr_array(sparse.diags_array(1 / np.where(norms > 0, norms, 1)) @ rows).astype(
            np.float32
        )

    def by_words(self, query: Query) -> Floats:
        """The BM25 score of the user's words, [items]."""
        vocabulary, matrix = self._index
        columns = [vocabulary[word] for word in query.own_words if word in vocabulary]
        if not columns:
            return np.zeros(len(self.documents), dtype=np.float32)
        return np.asarray(matrix[:, columns].sum(axis=1), dtype=np.float32)

    def like(self, rows: Rows) -> Floats:
        """The cosine to the named items' documents, [items]."""
        return _mean(self._unit @ self._unit[rows].sum(axis=0), rows)
