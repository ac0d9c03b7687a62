"""Which items meet what a request states."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.catalog.item import LISTED
from safecrs.preferences import Preference
from safecrs.preferences.words import key_of

Mask = NDArray[np.bool_]
_KNOWN, _HIDDEN, _CLASSIC_AGE = 4.0, 2.0, 25


def meets(wish: Preference, catalog: Catalog) -> Mask:
    """The rows of which the catalog says what ``wish`` names, whether wanted or not; unknown is not met."""
    facets = catalog.facets
    if wish.facet in LISTED:
        mask = np.zeros(len(catalog), dtype=np.bool_)
        for value in wish.values:
            mask[facets.lists[wish.facet].rows_with(value)] = True
        if wish.facet == "themes":
            return mask | named_in_text(wish, catalog)
        return mask & _main_language(wish, catalog) if wish.facet == "languages" else mask
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


def _main_language(wish: Preference, catalog: Catalog) -> Mask:
    """The rows whose first language is wanted: an English film with a scene in French is not in French."""
    languages = catalog.facets.lists["languages"]
    wanted = [languages.numbers[value] for value in wish.values if value in languages.numbers]
    some = np.diff(languages.bounds) > 0
    first = np.full(len(catalog), -1, dtype=np.int64)
    first[some] = languages.ids[languages.bounds[:-1][some]]
    return np.isin(first, wanted)


def named_in_text(wish: Preference, catalog: Catalog) -> Mask:
    """The rows whose title or plot holds the words of one of the wish's values."""
    texts = _texts_of(catalog)
    mask = np.zeros(len(catalog), dtype=np.bool_)
    for value in wish.values:
        mask[texts.rows(key_of(value))] = True
    return mask


class _Texts:
    """Titles and plots by the words in them."""

    def __init__(self, catalog: Catalog) -> None:
        self._keys = [
            f" {key_of(f'{catalog.title(row)} . {catalog.plot(row)}')} " for row in range(len(catalog))
        ]
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, key in enumerate(self._keys):
            for word in set(key.split()):
                self._rows[word].append(row)

    def rows(self, key: str) -> list[int]:
        """The rows that hold the words of ``key`` side by side."""
        found = min((self._rows.get(word, []) for word in key.split()), key=len, default=[])
        return [row for row in found if f" {key} " in self._keys[row]] if " " in key else found


def _texts_of(catalog: Catalog) -> _Texts:
    if catalog not in _TEXTS:
        _TEXTS[catalog] = _Texts(catalog)
    return _TEXTS[catalog]


_TEXTS: WeakKeyDictionary[Catalog, _Texts] = WeakKeyDictionary()


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

    As few musts as possible are relaxed; of equally many themes first, whose lists are the least complete,
    then those without which most rows are left.
    """
    masks = [holds(wish, catalog) for wish in musts]
    for count in range(len(musts) + 1):
        best, relaxed, most = allowed & False, tuple[int, ...](), (0, 0)
        for left_out in combinations(range(len(musts)), count):
            kept = allowed.copy()
            for at, mask in enumerate(masks):
                kept &= mask | (at in left_out)
            size = int(kept.sum())
            order = sum(musts[at].facet == "themes" for at in left_out), size
            if size and order > most:
                best, relaxed, most = kept, left_out, order
        if best.any() or not allowed.any():
            return best, tuple(musts[at] for at in relaxed)
        if len(musts) > _MOST:
            break
    return allowed, tuple(musts)


_MOST = 8
"""With more musts than this that cannot all hold, all are relaxed: their subsets would be too many."""
