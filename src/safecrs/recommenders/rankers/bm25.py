"""Text retrieval: items whose genres and plot match the user's words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from safecrs.catalog import Catalog
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.mentions import named_matrix, words_beside
from safecrs.recommenders.rankers.ranking import ScoringRanker
from safecrs.slates.base import Request

_WORD = re.compile(r"[^\W_]+")
# BM25's saturation and length normalisation (Robertson and Zaragoza 2009).
_K1, _B = 1.2, 0.5
_MENTIONS = 2.0  # weight of the named items beside the user's own words
# Stop words; splitting at apostrophes leaves the single letters and "ll", "re", "ve".
_STOP = frozenset(
    [
        "a", "about", "all", "also", "am", "an", "and", "any", "anything", "are", "as", "at", "be", "been",
        "but", "by", "can", "could", "did", "do", "does", "don", "else", "enjoyed", "film", "films", "for",
        "from", "game", "games", "get", "give", "good", "great", "had", "has", "have", "he", "hello", "her",
        "here", "hi", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "know",
        "like", "liked", "ll", "looking", "love", "loved", "m", "me", "more", "movie", "movies", "my",
        "need", "no", "not", "of", "on", "one", "or", "our", "out", "please", "re", "really", "recommend",
        "s", "see", "seen", "she", "should", "similar", "so", "some", "something", "suggest", "t", "than",
        "thank", "thanks", "that", "the", "their", "them", "then", "there", "these", "they", "this",
        "those", "to", "too", "up", "us", "ve", "very", "want", "was", "watch", "watched", "we", "were",
        "what", "when", "which", "who", "will", "with", "would", "you", "your"
    ]
)  # fmt: skip

# Synonyms of genre names.
_GENRE_WORDS = {
    "animated": "animation",
    "biographical": "biography",
    "biopic": "biography",
    "cartoon": "animation",
    "comedic": "comedy",
    "dramatic": "drama",
    "funny": "comedy",
    "historical": "history",
    "kid": "children",
    "noir": "film-noir",
    "romantic": "romance",
    "scary": "horror",
}


def words_of(text: str) -> list[str]:
    """Lower-case words without accents, plural endings and stop words; genres under one name."""
    folded = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    words = (_singular(word) for word in _WORD.findall(folded) if word not in _STOP)
    return [_GENRE_WORDS.get(word, word) for word in words]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


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
        contents = [
            words_of(" ".join((*catalog.genres(row), catalog.plot(row)))) for row in range(len(catalog))
        ]
        distinct = dict.fromkeys(word for document in contents for word in document)
        self._vocabulary = {word: column for column, word in enumerate(distinct)}
        self._contents = self._bm25(self._counts(contents))

    def scores(self, requests: Sequence[Request]) -> NDArray[np.float64]:
        """Both BM25 scores and the prior, [requests, items]."""
        said = self._counts(words_of(words_beside(request, self.catalog)) for request in requests)
        said.data[:] = 1.0
        named = named_matrix(requests, self.catalog) @ self._contents
        by_words, by_items = (_scaled((query @ self._contents.T).toarray()) for query in (said, named))
        return np.asarray(by_words + _MENTIONS * by_items + self._prior)

    def _counts(self, documents: Iterable[Sequence[str]]) -> sparse.csr_array:
        """Term counts over the vocabulary, float64 [documents, words]."""
        counts = [Counter(word for word in document if word in self._vocabulary) for document in documents]
        columns = [self._vocabulary[word] for counter in counts for word in counter]
        data = np.array([count for counter in counts for count in counter.values()], dtype=np.float64)
        bounds = np.cumsum([0, *map(len, counts)])
        return sparse.csr_array((data, columns, bounds), shape=(len(counts), len(self._vocabulary)))

    def _bm25(self, counts: sparse.csr_array) -> sparse.csr_array:
        """Weights idf(w) · tf (k₁ + 1) / (tf + k₁ (1 − b + b · length / mean length)), idf ≥ 0."""
        length = counts.sum(axis=1)
        holding = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log1p((counts.shape[0] - holding + 0.5) / (holding + 0.5))
        norm = _K1 * (1 - _B + _B * length / max(float(length.mean()), 1.0))
        document = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        weights = idf[counts.indices] * counts.data * (_K1 + 1) / (counts.data + norm[document])
        return sparse.csr_array((weights, counts.indices, counts.indptr), shape=counts.shape)


def _scaled(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each row divided by its maximum; a row without any match stays 0."""
    most = scores.max(axis=1, initial=0.0, keepdims=True)
    return np.asarray(scores / np.where(most > 0, most, 1.0))
