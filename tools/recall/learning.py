"""Learning a hybrid ranker's weights from conversations, and measuring recall, by cross-fitting."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from recall.corpora import Corpus
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers.hybrid import HybridRanker
from safecrs.recommenders.rankers.meaning import Meaning
from safecrs.recommenders.rankers.parts import Chosen, Popularity, Spoken
from safecrs.recommenders.rankers.query import Query

Floats = NDArray[np.float32]
FOLDS = 5
K = 10
_NEAR, _RANDOM = 250, 100  # negatives of a sample: the best by a first guess, and any
_KEPT = 1500  # candidates of a request on which variants are measured
_PENALTY = 30.0
FIRST = {
    "mentioned": 0.9,
    "suggested": 0.1,
    "liked": 0.35,
    "fame": 0.2,
    "recent": 2.0,
    "asked genres": 0.8,
    "asked people": 2.4,
    "shared genres": 1.7,
    "shared cast": 2.9,
    "shared themes": 4.0,
    "about": 3.5,
    "era": 0.6,
    "spoken": 0.03,
    "chosen with own": 10.0,
    "chosen with offered": 10.0,
}
"""A first guess of the weights, which says what is sampled."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some items of one request: their parts [items, parts], catalog rows, and whether each is an answer.

    ``offset`` is the log of how many items of the catalog one sampled item stands for.
    """

    parts: Floats
    rows: NDArray[np.int64]
    right: NDArray[np.bool_]
    offset: Floats
    answers: int


@dataclass(frozen=True, slots=True)
class Recall:
    """Hits and answers of each request, and its dialogue."""

    hits: NDArray[np.int64]
    answers: NDArray[np.int64]
    dialogues: NDArray[np.int64]

    def value(self, chosen: NDArray[np.bool_] | None = None) -> float:
        """Hits over answers, of the chosen requests."""
        chosen = np.ones(len(self.hits), dtype=np.bool_) if chosen is None else chosen
        return float(self.hits[chosen].sum() / max(self.answers[chosen].sum(), 1))

    def interval(self, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
        """95 % bootstrap interval, dialogues resampled."""
        numbers, at = np.unique(self.dialogues, return_inverse=True)
        hits, answers = (np.bincount(at, weights=column) for column in (self.hits, self.answers))
        drawn = np.random.default_rng(seed).integers(0, len(numbers), (draws, len(numbers)))
        values = hits[drawn].sum(axis=1) / answers[drawn].sum(axis=1)
        low, high = np.quantile(values, (0.025, 0.975))
        return float(low), float(high)


class Study:
    """Cross-fitted weights and recall of a hybrid ranker on a corpus.

    Dialogue d of n is in fold ⌊5 d / n⌋. For each fold, the parts learn from the other four, and the weights
    from these four alone: the parts of each are scored by a ranker that learnt from the three others.

    Args:
        talks: whether the ranker learns from training conversations, besides its weights.
    """

    def __init__(
        self, corpus: Corpus, histories: Histories, *, talks: bool, meaning: Meaning | None = None
    ) -> None:
        self.corpus, self.histories, self.talks = corpus, histories, talks
        self.base = HybridRanker(corpus.catalog, histories, meaning=meaning, weights=FIRST)
        self.queries = [Query.of(moment.request, corpus.catalog) for moment in corpus.moments]
        self.names = list(self.base.parts(self.queries[0]))
        count = len(corpus.talks)
        self.fold_of = np.array([FOLDS * moment.dialogue // count for moment in corpus.moments])
        self._talk_fold = [FOLDS * number // count for number in range(count)]
        self.inner: dict[tuple[int, int], list[Sample]] = {}
        for pair in combinations(range(FOLDS), 2):
            ranker = self._taught(pair)
            for fold, other in (pair, pair[::-1]):  # what fold's weights learn from other
                self.inner[fold, other] = [self._sample(ranker, at) for at in self._of(other)]
        self.outer: list[Sample] = []
        self.final: list[Sample] = []
        for fold in range(FOLDS):
            ranker = self._taught((fold,))
            for at in self._of(fold):
                self.final.append(self._sample(ranker, at))
                self.outer.append(self._candidates(ranker, at))

    def _of(self, fold: int) -> list[int]:
        return np.flatnonzero(self.fold_of == fold).tolist()

    def _taught(self, left_out: Sequence[int]) -> HybridRanker:
        """The ranker, taught by the dialogues of the other folds."""
        if not self.talks:
            return self.base
        catalog = self.corpus.catalog
        talks = [
            talk
            for talk, fold in zip(self.corpus.talks, self._talk_fold, strict=True)
            if fold not in left_out
        ]
        ranker = copy.copy(self.base)
        ranker.popularity = Popularity(catalog, self.histories, talks)
        ranker.chosen, ranker.spoken = Chosen(catalog, self.histories, talks), Spoken(catalog, talks)
        return ranker

    def _parts(self, ranker: HybridRanker, at: int) -> tuple[Floats, Floats]:
        """The parts of every item, [parts, items], and a first guess of the score; −∞ for what is seen."""
        parts = ranker.parts(self.queries[at])
        guess = sum(weight * parts[name] for name, weight in FIRST.items())
        scores = np.array(guess, dtype=np.float32)
        scores[list(self.corpus.moments[at].request.seen)] = -np.inf
        return np.stack(list(parts.values())), scores

    def _sample(self, ranker: HybridRanker, at: int) -> Sample:
        parts, guess = self._parts(ranker, at)
        answers = np.array(sorted(self.corpus.moments[at].answers))
        near = np.argpartition(-guess, _NEAR)[:_NEAR]
        rest = np.flatnonzero(
            ~np.isin(np.arange(len(guess)), np.concatenate([near, answers])) & (guess > -np.inf)
        )
        drawn = np.random.default_rng(at).choice(rest, min(_RANDOM, len(rest)), replace=False)
        rows = np.concatenate([near, drawn, np.setdiff1d(answers, near)])
        offset = np.zeros(len(rows), dtype=np.float32)
        offset[len(near) : len(near) + len(drawn)] = np.log(len(rest) / len(drawn))
        return Sample(parts[:, rows].T.copy(), rows, np.isin(rows, answers), offset, len(answers))

    def _candidates(self, ranker: HybridRanker, at: int) -> Sample:
        parts, guess = self._parts(ranker, at)
        rows = np.sort(np.argpartition(-guess, min(_KEPT, len(guess) - 1))[:_KEPT])
        answers = self.corpus.moments[at].answers
        right = np.isin(rows, sorted(answers))
        return Sample(
            parts[:, rows].T.copy(),
            rows,
            right,
            np.where(np.isinf(guess[rows]), -np.inf, 0).astype(np.float32),
            len(answers),
        )

    def measure(self, leave_out: Sequence[str] = (), only: Sequence[str] | None = None) -> Recall:
        """Recall with weights learnt for each fold, without some parts."""
        columns = [
            at
            for at, name in enumerate(self.names)
            if name not in leave_out and (only is None or name in only)
        ]
        hits = np.zeros(len(self.outer), dtype=np.int64)
        start = 0
        for fold in range(FOLDS):
            samples = [s for other in range(FOLDS) if other != fold for s in self.inner[fold, other]]
            weights = learn(samples, columns)
            for at in range(start, start + len(self._of(fold))):
                sample = self.outer[at]
                scores = sample.parts[:, columns] @ weights + sample.offset
                hits[at] = sample.right[np.argsort(-scores, kind="stable")[:K]].sum()
            start += len(self._of(fold))
        order = [at for fold in range(FOLDS) for at in self._of(fold)]
        dialogues = np.array([self.corpus.moments[at].dialogue for at in order])
        return Recall(hits, np.array([sample.answers for sample in self.outer]), dialogues)

    def weights(self) -> dict[str, float]:
        """Weights learnt from all dialogues, each scored by a ranker that learnt from the other folds."""
        learnt = learn(self.final, list(range(len(self.names))))
        return dict(zip(self.names, learnt.tolist(), strict=True))


def learn(samples: Sequence[Sample], columns: Sequence[int], penalty: float = _PENALTY) -> Floats:
    """Weights that maximise the likelihood of the answers under a softmax over the catalog.

    Parts are scaled to unit variance; ``penalty`` / 2 times the squared weights is added to the loss.
    """
    parts = np.concatenate([sample.parts for sample in samples])[:, columns]
    scale = parts.std(axis=0)
    scale[scale < 1e-6] = np.inf  # a part that is always the same has no weight
    parts = parts / scale
    right = np.concatenate([sample.right for sample in samples]).astype(np.float32)
    offset = np.concatenate([sample.offset for sample in samples])
    sizes = [len(sample.rows) for sample in samples]
    starts, of = np.cumsum([0, *sizes[:-1]]), np.repeat(np.arange(len(sizes)), sizes)
    answers = np.add.reduceat(right, starts)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = parts @ weights.astype(np.float32) + offset
        scores -= np.maximum.reduceat(scores, starts)[of]
        shares = np.exp(scores)
        total = np.add.reduceat(shares, starts)
        value = answers @ np.log(total) - right @ scores + penalty / 2 * weights @ weights
        slope = (answers[of] * shares / total[of] - right) @ parts + penalty * weights
        return float(value), slope.astype(np.float64)

    found = minimize(loss, np.zeros(len(columns)), jac=True, method="L-BFGS-B", options={"maxiter": 80})
    return np.asarray(found.x / scale, dtype=np.float32)
