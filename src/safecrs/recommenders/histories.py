"""User histories: the items that each user of the training split liked, as catalog rows, and their counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.slates.base import Ref

Histories = Sequence[NDArray[np.int32]]
"""For each user the distinct catalog rows they liked."""


def history_rows(histories: Sequence[Sequence[Ref]], catalog: Catalog) -> list[NDArray[np.int32]]:
    """Titles and years as distinct catalog rows; items that the catalog does not hold are left out."""
    refs = [ref for history in histories for ref in history]
    rows = catalog.resolve_many([title for title, _ in refs], [year for _, year in refs])
    ends = np.cumsum([len(history) for history in histories], dtype=np.intp)
    return [np.unique(part[part >= 0]) for part in np.split(rows, ends)[:-1]]


def like_counts(histories: Histories, items: int) -> NDArray[np.int64]:
    """How many users liked each row, [items]."""
    rows = np.concatenate([np.empty(0, dtype=np.int32), *histories])
    return np.bincount(rows, minlength=items).astype(np.int64)
