"""From scores over the catalog to slates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.slates.base import Recommendation, Request, Slate

if TYPE_CHECKING:
    from safecrs.catalog import Catalog
    from safecrs.slates.base import Ref


def top_slates(
    scores: NDArray[np.float64], requests: Sequence[Request], catalog: Catalog, k: int
) -> list[Slate]:
    """The ``k`` best rows of each line of ``scores`` [requests, items] that the request has not seen.

    Ties go to the smaller row.
    """
    slates: list[Slate] = []
    for line, request in zip(scores, requests, strict=True):
        kept = line.copy()
        kept[list(request.seen)] = -np.inf
        count = min(k, len(kept) - len(request.seen))
        slates.append(as_slate(_largest(kept, count), catalog))
    return slates


def as_slate(rows: Sequence[int] | NDArray[np.integer], catalog: Catalog) -> Slate:
    """Catalog rows, best first, as recommendations."""
    return [Recommendation(catalog.title(int(row)), catalog.year(int(row)), int(row)) for row in rows]


def resolved_slate(refs: Sequence[Ref], catalog: Catalog) -> Slate:
    """Titles and years as somebody wrote them, with the rows they mean (−1 for none)."""
    rows = catalog.resolve_many([title for title, _ in refs], [year for _, year in refs])
    return [Recommendation(title, year, int(row)) for (title, year), row in zip(refs, rows, strict=True)]


def _largest(values: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Positions of the ``count`` largest values, descending, ties by position."""
    if count <= 0:
        return np.empty(0, dtype=np.intp)
    # All that tie with the last one must take part, or which of them wins would depend on the partition.
    least = np.partition(values, len(values) - count)[len(values) - count]
    candidates = np.flatnonzero(values >= least)
    return candidates[np.argsort(-values[candidates], kind="stable")[:count]]
