"""When a recommendation is a hit: the rule that every metric and reward shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from safecrs.slates.base import Ref

# The exact year first, then the nearest; of two equally near years the earlier one.
_YEAR_OFFSETS = (0, -1, 1, -2, 2)


def hits(recommendations: Sequence[Ref], groundtruth: Sequence[Ref], k: int) -> list[int]:
    """1 at each of the first ``k`` ranks that names a ground-truth item not named before, else 0.

    Titles are equal after case folding and white-space collapsing, years may differ by 2, the exact year
    is preferred, and each ground-truth item is used once (SafeCRS, metrics). An item without a year
    matches only an item without a year. Linear in both lengths; always ``k`` long.
    """
    left = Counter((fold_title(title), year) for title, year in groundtruth)
    result = [0] * k
    for rank, (title, year) in enumerate(recommendations[:k]):
        folded = fold_title(title)
        for offset in _YEAR_OFFSETS if year is not None else (0,):
            key = (folded, year + offset if year is not None else None)
            if left[key]:
                left[key] -= 1
                result[rank] = 1
                break
    return result


@lru_cache(maxsize=65536)
def fold_title(title: str) -> str:
    """Case-folded, white space collapsed: two titles are the same for a hit when this is equal."""
    return " ".join(title.split()).casefold()
