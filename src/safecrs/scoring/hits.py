"""When a recommendation is a hit: the rule that every metric and reward shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from typing import Literal

from safecrs.slates.base import Ref

Rule = Literal["catalog", "reference"]
"""By catalog row, and by letters for what the catalog does not hold; or by letters alone, as SafeCRS does."""

# The exact year first, then the nearest; of two equally near years the earlier one.
_YEAR_OFFSETS = (0, -1, 1, -2, 2)


def hits(
    recommendations: Sequence[Ref],
    groundtruth: Sequence[Ref],
    k: int,
    rows: Sequence[int] | None = None,
    wanted: Sequence[int] | None = None,
) -> list[int]:
    """1 at each of the first ``k`` ranks that names a ground-truth item not named before, else 0.

    Two items of one catalog row are the same, two of different rows are not. Where the catalog does not hold
    both, the reference's rule decides: titles are equal after case folding and white-space collapsing, years
    may differ by 2, the exact year is preferred, and an item without a year matches only an item without a
    year. Each ground-truth item is used once, by its row first. Linear in both lengths; always ``k`` long.

    Args:
        rows, wanted: catalog rows of the recommendations and of the ground truth, negative outside the
            catalog; without them the reference's rule alone.
    """
    rows, wanted = rows or [-1] * len(recommendations), wanted or [-1] * len(groundtruth)
    result = [0] * k
    listed = Counter(row for row in wanted if row >= 0)
    for rank, row in enumerate(rows[:k]):
        if listed[row]:
            listed[row] -= 1
            result[rank] = 1
    left: Counter[tuple[str, int | None, bool]] = Counter()
    for (title, year), row in zip(groundtruth, wanted, strict=True):
        if row < 0 or listed[row]:
            listed[row] -= 1
            left[fold_title(title), year, row >= 0] += 1
    outside = min(wanted, default=0) < 0
    for rank, ((title, year), row) in enumerate(zip(recommendations[:k], rows, strict=False)):
        if not result[rank] and (outside or row < 0):
            years = [None] if year is None else [year + offset for offset in _YEAR_OFFSETS]
            keys = product([fold_title(title)], years, [False] if row >= 0 else [False, True])
            if key := next(filter(left.__getitem__, keys), None):
                left[key] -= 1
                result[rank] = 1
    return result


@lru_cache(maxsize=65536)
def fold_title(title: str) -> str:
    """Case-folded, white space collapsed: equal for titles that the reference's rule takes for equal."""
    return " ".join(title.split()).casefold()


@lru_cache(maxsize=4096)
def folded_titles(groundtruth: tuple[Ref, ...]) -> frozenset[str]:
    """Every title of a ground truth, folded."""
    return frozenset(fold_title(title) for title, _ in groundtruth)
