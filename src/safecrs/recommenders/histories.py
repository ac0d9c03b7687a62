"""What the people of the training split liked, as catalog rows and counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from safecrs.catalog import Catalog
    from safecrs.slates.base import Ref

Histories = Sequence[NDArray[np.int32]]
"""For each person the rows they liked, none of them twice."""


def history_rows(tastes: Sequence[Sequence[Ref]], catalog: Catalog) -> list[NDArray[np.int32]]:
    """Titles and years as rows; what the catalog does not know is left out, and so is a second mention."""
    refs = [ref for taste in tastes for ref in taste]
    rows = catalog.resolve_many([title for title, _ in refs], [year for _, year in refs])
    ends = np.cumsum([len(taste) for taste in tastes], dtype=np.intp)
    return [np.unique(part[part >= 0]) for part in np.split(rows, ends)[:-1]]


def like_counts(tastes: Histories, items: int) -> NDArray[np.int64]:
    """How many people liked each row, [items]."""
    if not len(tastes):
        return np.zeros(items, dtype=np.int64)
    return np.bincount(np.concatenate(tastes), minlength=items).astype(np.int64)
