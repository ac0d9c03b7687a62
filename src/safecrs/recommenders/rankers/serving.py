"""What a served list adds to the learnt score, which suggestions of past conversations alone would bend.

Weights are learnt on conversations of one time: the newest items of a later catalog, and words that state no
wish, weigh too much there. What a request asks for directly comes first.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.preferences import Preference
from safecrs.recommenders.rankers.query import Query
from safecrs.recommenders.rankers.wishes import meets, named_in_text

Floats = NDArray[np.float32]
_NEWEST = 0.05  # "recent" of an item fifteen years old
_OLDEST = 0.5  # "old" of an item fifteen years old
_MOST_WORDS = 2.5  # BM25; an item that repeats small talk is not what was asked for
_FAME, _FAME_LIKE = 0.9, 0.3  # a point of popularity: where nothing is named, and where something is
_CONTENT = frozenset(["genres", "moods", "themes", "text", "cast", "directors", "series"])
_GEM = 2.5  # popularity of what is little known and not poor
_OBSCURE, _OBSCURE_LOSS = 2.0, 3.0  # popularity below which an item comes late
_REASONED, _REASONS_SINCE = 2.0, 1990  # certificates with published reasons, by the standards of today
_CENTRAL, _DIRECT = 2.0, 4.0
_SAME_LANGUAGE = 2.0
_AGED, _AGED_LOSS = (
    35,
    1 / 30,
)  # years from which an item that nobody asks for is dated, and by how much a year
_FEATURE, _SHORT_LOSS = 60, 2.0  # minutes below which an item is no feature film
_SEASONS, _SEASON_LOSS = ("christmas", "halloween", "thanksgiving"), 1.5


def bounded(parts: dict[str, Floats]) -> dict[str, Floats]:
    """The parts of a score with what a catalog newer than the training conversations exaggerates bounded."""
    bounds = {"recent": _NEWEST, "words": _MOST_WORDS, "old": _OLDEST}
    return parts | {name: np.minimum(parts[name], most) for name, most in bounds.items()}


def is_open(query: Query) -> bool:
    """Whether a request says nothing of what items are to be about, like, or by whom."""
    stated = query.preferences.stated
    told = any(wish.facet in _CONTENT and wish.firmness in ("must", "rather") for wish in stated)
    return not (told or len(query.named))


def directness(query: Query, catalog: Catalog) -> Floats:
    """What an item gains by how known it is and how directly it is what was asked for, [items]."""
    known = catalog.facets.popularity
    wishes = [wish for wish in query.preferences.stated if wish.firmness in ("must", "rather")]
    gain = np.zeros(len(catalog), dtype=np.float32)
    if not any(wish.facet == "fame" for wish in wishes):
        gain += (_FAME_LIKE if len(query.named) else _FAME) * np.maximum(known, 0)
        gain -= _OBSCURE_LOSS * ((known >= 0) & (known < _OBSCURE))
    elif any("hidden" in wish.values for wish in wishes):
        gain -= 2 * _FAME * np.abs(known - _GEM)
    gain -= _unasked(query, wishes, catalog)
    if len(query.named):
        gain += _SAME_LANGUAGE * _foreign_like(query, catalog)
    genres = [wish for wish in wishes if wish.facet == "genres"]
    if genres:
        counts = np.maximum(np.diff(catalog.facets.lists["genres"].bounds), 1)
        gain += _CENTRAL * sum(meets(wish, catalog) for wish in genres) / counts
    if any(wish.facet == "certificates" for wish in wishes):
        gain += _REASONED * (catalog.years >= _REASONS_SINCE)
    for wish in wishes:
        if wish.facet == "themes":
            gain += _DIRECT * (named_in_text(wish, catalog) + _first(wish, catalog))
    return gain


def _foreign_like(query: Query, catalog: Catalog) -> NDArray[np.bool_]:
    """The items in the language of the named ones, where all of them have one that is not English."""
    said = {catalog.facets.lists["languages"].of(row)[:1] for row in query.named.tolist()}
    language = said.pop() if len(said) == 1 else ()
    if not language or language == ("en",):
        return np.zeros(len(catalog), dtype=np.bool_)
    return meets(Preference("languages", language), catalog)


def _unasked(query: Query, wishes: Sequence[Preference], catalog: Catalog) -> Floats:
    """What is lost by being dated, short or of a season that is not asked for, [items]."""
    facets, loss = catalog.facets, np.zeros(len(catalog), dtype=np.float32)
    asked = {wish.facet for wish in wishes}
    if not len(query.named) and not asked & {"years", "fame", "cast", "directors", "series"}:
        age = catalog.years.max(initial=0) - catalog.years
        loss += _AGED_LOSS * np.maximum(age - _AGED, 0) * (catalog.years > 0)
    if not asked & {"runtime", "series"}:
        loss += _SHORT_LOSS * ((facets.runtime > 0) & (facets.runtime < _FEATURE))
    said = {value for wish in wishes for value in wish.values}
    for season in _SEASONS:
        if season not in said:
            loss[facets.lists["themes"].rows_with(season)] += _SEASON_LOSS
    return loss


def _first(wish: Preference, catalog: Catalog) -> Floats:
    """1 where a wanted theme is the first of an item, less where it is a later one, 0 where it has none."""
    themes = catalog.facets.lists["themes"]
    result = np.zeros(len(catalog), dtype=np.float32)
    for value in wish.values:
        number = themes.numbers.get(value)
        if number is None:
            continue
        at = np.flatnonzero(themes.ids == number)
        rows = np.searchsorted(themes.bounds, at, side="right") - 1
        result[rows] = np.maximum(result[rows], 1 / (1 + at - themes.bounds[rows]))
    return result
