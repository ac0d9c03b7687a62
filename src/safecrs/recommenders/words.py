"""Wishes and reasons in words."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.catalog import Catalog
from safecrs.preferences import Facet, Preference, place_names
from safecrs.recommenders.base import Reason

_FAME = {"known": "well known", "classic": "a classic", "hidden": "little known"}
_AUDIENCES = {
    "kids": "for children",
    "family": "for families",
    "teens": "for teenagers",
    "adults": "for adults",
}
_BY = {"directors": "by ", "cast": "with ", "series": "of "}
_PLACES = ("countries", "languages")
_NAMED = 2  # values of a wish that are named
_LIKE_FIRST = 2  # shared values that are named


def wish_words(wish: Preference) -> str:
    """A wish in the user's words, or where they are not known in ours: "from the 90s", "not horror"."""
    words = " ".join(wish.text.split()) or _facet_words(wish.facet, wish.values, wish.low, wish.high)
    return f"not {words}" if wish.firmness in ("never", "rather not") else words


def reason_words(reasons: Sequence[Reason], catalog: Catalog) -> str:
    """Why an item is suggested, in the user's terms: "comedy, 1990 to 1999, like Ghost (friendship)"."""
    asked = [_facet_words(one.facet, one.values, one.low, one.high) for one in reasons if one.kind == "asked"]
    like = [one for one in reasons if one.kind == "like"]
    parts = [part for part in dict.fromkeys(asked) if part and not _repeats(part, asked)]
    if like:
        shared = [
            _facet_words(one.facet, one.values[:_LIKE_FIRST]) for one in like[:_LIKE_FIRST] if one.values
        ]
        parts.append(f"like {catalog.title(like[0].row)}" + (f" ({', '.join(shared)})" if shared else ""))
    if not parts and any(one.kind == "known" for one in reasons):
        parts.append("liked by many")
    return ", ".join(parts)


def _repeats(part: str, asked: Sequence[str]) -> bool:
    """Whether the language says no more than the country: "French, in French"."""
    return part.startswith("in ") and part[3:] in asked


def _facet_words(
    facet: Facet | None, values: Sequence[str], low: int | None = None, high: int | None = None
) -> str:
    names = [place_names().get((facet, value), value) for value in values] if facet in _PLACES else values
    named = " or ".join(names[:_NAMED])
    match facet:
        case "years":
            return _range(low, high, "from {} on", "up to {}")
        case "runtime":
            return _range(low, high, "{} minutes or more", "{} minutes or less")
        case "fame":
            return " or ".join(_FAME.get(value, value) for value in values)
        case "audience":
            return " or ".join(_AUDIENCES.get(value, value) for value in values)
        case "certificates":
            return " or ".join(value.partition(":")[2] for value in values)
        case "languages":
            return "in " + named
    return _BY.get(facet or "", "") + named


def _range(low: int | None, high: int | None, least: str, most: str) -> str:
    if low is not None and high is not None:
        return str(low) if low == high else f"{low} to {high}"
    return least.format(low) if low is not None else most.format(high)
