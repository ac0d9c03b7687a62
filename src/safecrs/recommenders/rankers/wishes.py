"""Which items meet what a request states."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.catalog.item import LISTED
from safecrs.preferences import Preference

Mask = NDArray[np.bool_]
_KNOWN, _HIDDEN, _CLASSIC_AGE = 4.0, 2.0, 25


def meets(wish: Preference, catalog: Catalog) -> Mask:
    """The rows of which the catalog says what ``wish`` names, whether wanted or not; unknown is not met."""
    facets = catalog.facets
    if wish.facet in LISTED:
        mask = np.zeros(len(catalog), dtype=np.bool_)
        for value in wish.values:
            mask[facets.lists[wish.facet].rows_with(value)] = True
        return mask
    if wish.facet in ("years", "runtime"):
        numbers = catalog.years if wish.facet == "years" else facets.runtime
        low, high = 1 if wish.low is None else max(wish.low, 1), wish.high
        return np.asarray((numbers >= low) & (True if high is None else numbers <= high))
    if wish.facet == "audience":
        return np.array([text in wish.values for text in facets.texts("audience")])
    if wish.facet == "fame":
        known, year = facets.popularity, catalog.years
        old = (year > 0) & (year <= year.max(initial=0) - _CLASSIC_AGE)
        fame = {
            "known": known >= _KNOWN,
            "classic": old & (known >= _KNOWN - 1),
            "hidden": (known >= 0) & (known <= _HIDDEN),
        }
        asked = [fame[value] for value in wish.values if value in fame]
        return np.asarray(np.any([old & False, *asked], axis=0))
    return np.ones(len(catalog), dtype=np.bool_)


def holds(wish: Preference, catalog: Catalog) -> Mask:
    """The rows that a "must" or "never" leaves; a description in words excludes nothing."""
    if wish.facet == "text":
        return np.ones(len(catalog), dtype=np.bool_)
    met = meets(wish, catalog)
    return ~met if wish.firmness in ("never", "rather not") else met


def candidates(
    musts: Sequence[Preference], catalog: Catalog, allowed: Mask
) -> tuple[Mask, tuple[Preference, ...]]:
    """The allowed rows that meet every must, and the musts that were relaxed because none does.

    As few musts as possible are relaxed; of equally many, those without which most rows are left.
    """
    masks = [holds(wish, catalog) for wish in musts]
    for count in range(len(musts) + 1):
        best, relaxed = allowed & False, tuple[int, ...]()
        for left_out in combinations(range(len(musts)), count):
            kept = allowed.copy()
            for at, mask in enumerate(masks):
                kept &= mask | (at in left_out)
            if kept.sum() > best.sum():
                best, relaxed = kept, left_out
        if best.any() or not allowed.any():
            return best, tuple(musts[at] for at in relaxed)
        if len(musts) > _MOST:
            break
    return allowed, tuple(musts)


_MOST = 8
"""With more musts than this that cannot all hold, all are relaxed: their subsets would be too many."""
