"""Item vectors from co-likes and risks: what a small model's embeddings of items start from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds


def colike_vectors(
    histories: Sequence[NDArray[np.int32]], items: int, size: int, seed: int = 0
) -> NDArray[np.float32]:
    """Vectors [items, size] whose inner products approximate how much likelier two items are liked together.

    The positive pointwise mutual information of co-likes, smoothed as in Levy et al. (2015), factorised by a
    truncated singular value decomposition. Items that nobody liked get zero vectors; the mean square length
    of the others is 1.
    """
    rows = np.concatenate([np.empty(0, dtype=np.int32), *histories])
    people = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    liked = sparse.csr_array((np.ones(len(rows)), (people, rows)), shape=(len(histories), items))
    pairs = (liked.T @ liked).tocoo()
    first, second = pairs.coords
    apart = first != second
    first, second, both = first[apart], second[apart], pairs.data[apart]
    counts = np.bincount(first, weights=both, minlength=items)
    context = counts**0.75
    pmi = np.log(both * context.sum() / (counts[first] * context[second]))
    positive = np.maximum(pmi, 0.0) * (both / (both + 3.0))
    table = sparse.csr_array((positive, (first, second)), shape=(items, items))
    table = (table + table.T) / 2
    rank = min(size, items - 1)
    start = np.random.default_rng(seed).standard_normal(items)
    left, values, _ = svds(table, k=rank, v0=start)
    vectors = np.zeros((items, size), dtype=np.float32)
    vectors[:, :rank] = left * np.sqrt(np.maximum(values, 0.0))
    return np.divide(vectors, np.float32(_scale(vectors, np.count_nonzero(counts))))


def risk_vectors(risk: NDArray[np.float32]) -> NDArray[np.float32]:
    """The risk table [items, traits] as vectors of the same shape, of mean square length 1.

    Columns are standardised, so that a rare trait counts as much as a common one; an unknown risk is replaced
    by its trait's mean.
    """
    known = ~np.isnan(risk)
    mean = np.where(known, risk, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, risk - mean, 0.0)
    spread = np.sqrt((centred**2).mean(axis=0))
    vectors = centred / np.where(spread > 0, spread, 1.0)
    return np.asarray(vectors / _scale(vectors, len(vectors)), dtype=np.float32)


def _scale(vectors: NDArray[Any], count: Any) -> float:
    return max(float(np.sqrt((vectors**2).sum() / max(count, 1))), 1e-12)
