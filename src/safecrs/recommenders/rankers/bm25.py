"""Text retrieval: items whose genres and plot match the user's words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from safecrs.catalog import Catalog
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.mentions import named_matrix
from safecrs.recommenders.rankers.query import Query, words_of
from safecrs.recommenders.rankers.ranking import ScoringRanker
from safecrs.slates.base import Request

# Saturation and length normalisation (Robertson and Zaragoza 2009).
_K1, _B = 1.2, 0.5
_MENTIONS = 2.0  # weight of the named items beside the user's own words


def bm25_matrix(documents: Sequence[Sequence[str]]) -> tuple[dict[str, int], sparse.csc_array]:
    """The vocabulary of documents given as words, and each word's weight in each, [documents, words]."""
    import bm25s

    if not any(documents):
        return {}, sparse.csc_array((len(documents), 0), dtype=np.float32)
    retriever = bm25s.BM25(method="lucene", k1=_K1, b=_B)
    retriever.index([list(words) for words in documents], show_progress=False)
    held = retriever.scores
    shape = (len(documents), len(held["indptr"]) - 1)
    return retriever.vocab_dict, sparse.csc_array(
        (held["data"], held["indices"], held["indptr"]), shape=shape
    )


class BM25Ranker(ScoringRanker):
    """BM25 over genres and plot, plus a popularity prior.

    The query is the user's words; an item that the conversation names adds its genres and plot. Titles are
    not part of the documents: whoever names *Big Fish* or had a hard year does not ask for other titles with
    those words. Both parts and the prior, log(1 + likes), are scaled to a maximum of 1; the named items weigh
    2 and the popularity ``prior`` beside the user's own words.
    """

    name = "retrieval"

    def __init__(self, catalog: Catalog, histories: Histories = (), *, prior: float = 2.0) -> None:
        super().__init__(catalog, histories)
        popularity = np.log1p(self.likes)
        self._prior = prior * (popularity / max(popularity.max(initial=0.0), 1.0))
        self._vocabulary, self._contents = bm25_matrix(
            [words_of(" ".join((*catalog.genres(row), catalog.plot(row)))) for row in range(len(catalog))]
        )

    def scores(self, requests: Sequence[Request]) -> NDArray[np.float64]:
        """Both BM25 scores and the prior, [requests, items]."""
        asked = [Query.of(request, self.catalog).own_words for request in requests]
        said = sparse.lil_array((len(requests), self._contents.shape[1]))
        for place, words in enumerate(asked):
            said[place, [self._vocabulary[word] for word in words if word in self._vocabulary]] = 1
        named = named_matrix(requests, self.catalog) @ self._contents
        by_words, by_items = (_scaled((query @ self._contents.T).toarray()) for query in (said, named))
        return np.asarray(by_words + _MENTIONS * by_items + self._prior)


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row divided by its maximum; a row without any match stays 0."""
    most = scores.max(axis=1, initial=0.0, keepdims=True)
    return np.asarray(scores / np.where(most > 0, most, 1.0))
