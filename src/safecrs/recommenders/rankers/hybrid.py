"""One score of many parts, over the candidates that meet what a request insists on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.preferences import Preference
from safecrs.recommenders.base import Ranked, Reason
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.meaning import Meaning
from safecrs.recommenders.rankers.parts import ALIKE, Chosen, Described, Popularity, SharedFacets, Spoken
from safecrs.recommenders.rankers.query import Query
from safecrs.recommenders.rankers.ranking import ScoringRanker, as_slate
from safecrs.recommenders.rankers.serving import bounded, directness, is_open
from safecrs.recommenders.rankers.talks import Talk
from safecrs.recommenders.rankers.wishes import Mask, candidates, meets
from safecrs.slates.base import K, Request, Slate
from safecrs.storage import read_toml

Floats = NDArray[np.float32]
Learnt = Literal["alone", "histories", "talks"]
"""What a ranker has to learn from, and so which weights it uses: the catalog alone, user histories, or also
training conversations."""
_OF_SERIES = 2  # items of one series in a row of ten
_SPAN = 20.0  # years
_POOL, _LIKENESS, _ERA = 12, 3.0, 10.0  # items of a list, log odds, years
_AS_GOOD = 1.0  # log odds below the last of the best within which another item is as good
_NEAR = 1.5  # shared genres from which an item is near
_BY_LIKENESS = ("mentioned", "liked", "fame")
"""Parts that weigh differently where an item shares genres with the named ones."""
_SEQUEL = re.compile(
    r"(?:[:–]| -| \(|\b(?:part|vol|volume|chapter|episode)\b|\b[ivx]{2,4}\b|\d).*", re.IGNORECASE
)
_FACETS_TOLD = 3  # shared values that a reason names


@cache
def _learnt() -> dict[str, Any]:
    return read_toml((files(__package__) / "hybrid.toml").read_text, "hybrid.toml")


def load_weights(learnt: Learnt, meaning: bool = False) -> Mapping[str, float]:
    """The weights of a ranker's parts (``hybrid.toml``): learnt, but for those that no corpus teaches."""
    return {**_learnt()[table_of(learnt, meaning)], **_learnt()["stated"]}


def table_of(learnt: Learnt, meaning: bool) -> str:
    """The table of ``hybrid.toml`` with the weights of such a ranker."""
    return f"{learnt}-meaning" if meaning else learnt


def load_tables() -> Mapping[str, dict[str, float]]:
    """Every table of weights."""
    return {name: table for name, table in _learnt().items() if name not in ("provenance", "stated")}


def load_provenance() -> Mapping[str, str]:
    """How each table of weights was made, and the recall that it reaches."""
    return dict(_learnt()["provenance"])


class HybridRanker(ScoringRanker):
    """A weighted sum of popularity, items chosen together, shared facets, words and the request's wishes.

    Args:
        histories: what users liked; talks: training conversations. Either may be empty.
        meaning: compares what is said with what items are about; slower, and better.
        weights: part → weight, and nothing else then; by default those of `load_weights`, and what directness
            adds (``serving.py``).
    """

    name = "hybrid"

    def __init__(
        self,
        catalog: Catalog,
        histories: Histories = (),
        talks: Sequence[Talk] = (),
        *,
        meaning: Meaning | None = None,
        weights: Mapping[str, float] | None = None,
    ) -> None:
        super().__init__(catalog, histories)
        self.meaning = meaning
        self.learnt: Learnt = "talks" if talks else "histories" if len(histories) else "alone"
        self.popularity = Popularity(catalog, histories, talks)
        self.shared, self.described = SharedFacets(catalog), Described(catalog)
        self.chosen, self.spoken = Chosen(catalog, histories, talks), Spoken(catalog, talks)
        self.serves = weights is None
        self.weights = load_weights(self.learnt, meaning is not None) if weights is None else weights

    def parts(self, query: Query) -> dict[str, Floats]:
        """The score of every item by each part, [items]."""
        named, fixed = query.named, self.popularity.columns
        genres, people, other = self.shared.asked(query)
        own, offered = self.chosen.scores(query)
        none = np.zeros(len(self.catalog), dtype=np.float32)
        shared = {f"shared {name}": self.shared.alike(name, named) for name in ALIKE}
        near = np.minimum(shared["shared genres"], _NEAR)
        return fixed | {
            "opener": none if len(named) else fixed["mentioned"],
            "asked genres": genres,
            "asked people": people,
            "asked other": other,
            "chosen with own": own,
            "chosen with offered": offered,
            "spoken": self.spoken.scores(query),
            "words": self.described.by_words(query),
            "about": self.described.like(named),
            "meant": none if self.meaning is None else self.meaning.by_words(query),
            "meant like": none if self.meaning is None else self.meaning.like(named),
            "era": self._era(query),
            "alike": self._alike(query),
            **shared,
            **{f"{name} and shared": fixed[name] * near for name in _BY_LIKENESS},
        }

    def _era(self, query: Query) -> Floats:
        """How far each item's year is from the mean of the named items', at most −2."""
        years = self.catalog.years
        known = years[query.named][years[query.named] > 0]
        if not len(known):
            return np.zeros(len(years), dtype=np.float32)
        far = np.minimum(np.abs(years - known.mean()) / _SPAN, 2)
        return np.asarray(-(far * (years > 0)), dtype=np.float32)

    def _alike(self, query: Query) -> Floats:
        """The catalog's own lists of items that the same people like, first of a list 1, eighth 1/8."""
        result = np.zeros(len(self.catalog), dtype=np.float32)
        for row in query.named.tolist():
            near = self.catalog.facets.alike_rows(row)
            result[near] += np.linspace(1, 0, len(near), endpoint=False, dtype=np.float32)
        return result

    def _scores(self, query: Query, served: bool = False) -> NDArray[np.float64]:
        total = np.zeros(len(self.catalog))
        parts = self.parts(query)
        for name, part in (bounded(parts) if served else parts).items():
            if weight := self.weights.get(name, 0.0):
                total += weight * part
        return total

    def scores(self, requests: Sequence[Request]) -> NDArray[np.float64]:
        """The weighted sum of the parts, whatever the requests insist on, [requests, items]."""
        return np.array([self._scores(Query.of(request, self.catalog)) for request in requests]).reshape(
            len(requests), len(self.catalog)
        )

    def recommend(self, requests: Sequence[Request], k: int = K) -> list[Slate]:
        """One slate per request, in order (`rank`)."""
        return [self.rank(request, k).slate for request in requests]

    def rank(self, request: Request, k: int = K, blocked: Mask | None = None) -> Ranked:
        """At most ``k`` items that meet every must of the request, or, where no item does, as many as can be.

        Args:
            blocked: rows that must not be recommended, besides those seen, bool [items].
        """
        query = Query.of(request, self.catalog)
        allowed = np.ones(len(self.catalog), dtype=np.bool_) if blocked is None else ~blocked
        allowed[list({*request.seen, *query.disliked.tolist()})] = False
        fit, relaxed = candidates(request.preferences.must, self.catalog, allowed)
        rows = np.flatnonzero(fit)
        scores = self._scores(query, self.serves)[rows]
        if self.serves:
            scores = scores + directness(query, self.catalog)[rows]
        order = np.argsort(-scores, kind="stable")
        rows, scores = rows[order], scores[order]
        if is_open(query):
            rows = self._spread(rows, scores, k)
        best = self._varied(rows, k)
        return Ranked(as_slate(best, self.catalog), relaxed, tuple(self._reasons(row, query) for row in best))

    def _spread(self, rows: NDArray[np.intp], scores: NDArray[np.float64], k: int) -> NDArray[np.intp]:
        """Where nothing is asked for, genres and decades that differ (MMR, Carbonell and Goldstein 1998).

        The next item has the highest score less `_LIKENESS` times its likeness to the most alike one before.
        """
        as_good = int((scores >= scores[:k].min(initial=np.inf) - _AS_GOOD).sum())
        pool = rows[: min(_POOL * k, as_good)]
        genres = self.shared.values["genres"][pool]
        years = self.catalog.years[pool].astype(np.float32)
        left, alike = scores[: len(pool)].copy(), np.zeros(len(pool))
        chosen: list[int] = []
        for _ in range(min(k, len(pool))):
            best = int(np.argmax(left - _LIKENESS * alike))
            chosen.append(best)
            left[best] = -np.inf
            near = np.asarray(genres @ genres[[best]].sum(axis=0)) + np.exp(
                -np.abs(years - years[best]) / _ERA
            )
            alike = np.maximum(alike, near / 2)
        return np.concatenate([pool[chosen], np.delete(rows, chosen)])

    def _varied(self, rows: NDArray[np.intp], k: int) -> list[int]:
        """The first ``k``, but of a series no more than two of ten as long as there is something else."""
        count: Counter[str] = Counter()
        first: list[int] = []
        later: list[int] = []
        for row in rows.tolist():
            series = self._series(row)
            (later if count[series] >= _OF_SERIES * max(1, -(-k // K)) else first).append(row)
            count[series] += 1
            if len(first) == k:
                break
        return (first + later)[:k]

    def _series(self, row: int) -> str:
        stated = self.catalog.facets.lists["series"].of(row)
        title = self.catalog.title(row).casefold()
        return stated[0].casefold() if stated else _SEQUEL.sub("", title).strip() or title

    def _reasons(self, row: int, query: Query) -> tuple[Reason, ...]:
        """What was asked for and holds, the named item it is most like and why, and how known it is."""
        reasons = [
            Reason("asked", wish.facet, self._met(wish, row), low=wish.low, high=wish.high)
            for wish in query.preferences.stated
            if wish.firmness in ("must", "rather") and wish.facet != "text" and meets(wish, self.catalog)[row]
        ]
        facets = self.catalog.facets
        best: list[Reason] = []
        for other in query.named.tolist():
            shared = [
                Reason("like", name, tuple(v for v in facets.lists[name].of(row) if v in theirs), other)
                for name in ("series", "directors", "cast", "themes", "moods", "genres")
                if (theirs := set(facets.lists[name].of(other)))
            ]
            found = [Reason("like", r.facet, r.values[:_FACETS_TOLD], other) for r in shared if r.values]
            if row in facets.alike_rows(other):
                found.insert(0, Reason("like", row=other))
            best = max(best, found, key=len)
        known = [Reason("known")] if facets.popularity[row] >= 4 else []
        return (*reasons, *best, *known)

    def _met(self, wish: Preference, row: int) -> tuple[str, ...]:
        if wish.facet in self.catalog.facets.lists:
            held = self.catalog.facets.lists[wish.facet].of(row)
            return tuple(value for value in wish.values if value in held)
        return wish.values
