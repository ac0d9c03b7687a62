"""Recommend items whose own words fit the user's words."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from safecrs.recommenders.histories import Histories, like_counts
from safecrs.recommenders.rankers.named import named_matrix, words_beside
from safecrs.recommenders.rankers.ranking import top_slates
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.catalog import Catalog

_BATCH = 512
_WORD = re.compile(r"[^\W_]+")
# BM25's saturation and length normalisation (Robertson and Zaragoza 2009).
_K1, _B = 1.2, 0.5
# Words of any request; splitting at apostrophes leaves the single letters and "ll", "re", "ve".
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

# How people say a genre, where it is not the genre's own word.
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
    """Lower-case words without accents, plural endings and the words of any request; genres by one name."""
    folded = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    words = (_singular(word) for word in _WORD.findall(folded) if word not in _STOP)
    return [_GENRE_WORDS.get(word, word) for word in words]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith("ss"):
        return word[:-1]
    return word


class BM25Ranker:
    """BM25 over genres and plot, plus a popularity prior.

    The query is what the user says; an item that the conversation names stands for its genres and plot.
    Titles are no documents: nobody who names *Big Fish* or had a hard year asks for other titles with those
    words. Both parts are scaled to a maximum of 1, so ``mentions`` and ``prior`` say how much the named
    items and the popularity, log(1 + likes), count beside the user's own words.
    """

    name = "retrieval"

    def __init__(
        self, catalog: Catalog, tastes: Histories = (), *, mentions: float = 2.0, prior: float = 2.0
    ) -> None:
        self.catalog = catalog
        self.mentions, self.prior = mentions, prior
        likes = np.log1p(like_counts(tastes, len(catalog)).astype(np.float64))
        self.popularity = likes / max(likes.max(initial=0.0), 1.0)
        contents = [
            words_of(" ".join((*catalog.genres(row), catalog.plot(row)))) for row in range(len(catalog))
        ]
        self._vocabulary = {
            word: column
            for column, word in enumerate(dict.fromkeys(word for document in contents for word in document))
        }
        self._contents = self._bm25(self._counts(contents))

    def recommend(self, requests: Sequence[Request], k: int = 10) -> list[Slate]:
        """One slate per request, in order."""
        slates: list[Slate] = []
        for start in range(0, len(requests), _BATCH):
            batch = requests[start : start + _BATCH]
            said = self._counts(words_of(words_beside(request, self.catalog)) for request in batch)
            said.data[:] = 1.0
            named = named_matrix(batch, self.catalog) @ self._contents
            scores = _scaled((said @ self._contents.T).toarray())
            scores += self.mentions * _scaled((named @ self._contents.T).toarray())
            slates += top_slates(scores + self.prior * self.popularity, batch, self.catalog, k)
        return slates

    def _counts(self, documents: Iterable[Sequence[str]]) -> sparse.csr_array:
        """How often each known word stands in each document, float64 [documents, words]."""
        data: list[float] = []
        columns: list[int] = []
        bounds = [0]
        for document in documents:
            counted = Counter(word for word in document if word in self._vocabulary)
            columns += [self._vocabulary[word] for word in counted]
            data += counted.values()
            bounds.append(len(columns))
        shape = (len(bounds) - 1, len(self._vocabulary))
        return sparse.csr_array((np.array(data, dtype=np.float64), columns, bounds), shape=shape)

    def _bm25(self, counts: sparse.csr_array) -> sparse.csr_array:
        """Weights idf(w) · tf (k₁ + 1) / (tf + k₁ (1 − b + b · length / mean length)), idf ≥ 0."""
        length = counts.sum(axis=1)
        holding = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log1p((counts.shape[0] - holding + 0.5) / (holding + 0.5))
        norm = _K1 * (1 - _B + _B * length / max(float(length.mean()), 1.0))
        document = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        weights = idf[counts.indices] * counts.data * (_K1 + 1) / (counts.data + norm[document])
        return sparse.csr_array((weights, counts.indices, counts.indptr), shape=counts.shape)


def _scaled(scores: np.ndarray) -> np.ndarray:
    """Each line divided by its maximum; a line without any match stays 0."""
    most = scores.max(axis=1, initial=0.0, keepdims=True)
    return scores / np.where(most > 0, most, 1.0)
