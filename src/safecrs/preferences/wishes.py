"""Preferences made of what a message states: alternatives are one, and each is as firm as it is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from safecrs.preferences.base import Facet, Firmness, Preference
from safecrs.preferences.certificates import milder
from safecrs.preferences.gazetteer import Gazetteer
from safecrs.preferences.lexicon import Wish, word_class
from safecrs.preferences.scope import NOUNS, Hit
from safecrs.preferences.words import Word

_MUST = frozenset(
    [
        "certificates",
        "genres",
        "years",
        "countries",
        "languages",
        "directors",
        "cast",
        "series",
        "runtime",
        "audience",
    ]
)
"""Facets of which a plain wish has to be met; moods, themes and fame are matters of degree."""
_JOINING = NOUNS | {
    "or",
    "and",
    "a",
    "an",
    "some",
    "either",
    "the",
    "maybe",
    "even",
    "from",
    "to",
    "starring",
    "with",
    "by",
    "directed",
}
_GAP = 4
_OPENING = 6
_ASKING = (
    word_class("asking")
    | word_class("fillers")
    | NOUNS - {"play"}
    | {*["i", "we", "in", "mood", "about", "kid", "son", "daughter", "wife", "husband", "wants"]}
)
_ITEMS = NOUNS | {"set", "based", "story", "tale", "documentary", "adventure"}
_LOOSE = frozenset(["stuff", "thing"])
_TOLD = frozenset(["about", "involving", "featuring", "with", "around", "on", "in", "during"])
"""Words before a theme that what is asked for is about."""


def preferences_of(
    words: Sequence[Word], hits: Sequence[Hit], known: Gazetteer, number: int, text: str
) -> Iterator[Preference]:
    """The preferences that the hits of message ``number`` state, in facets that the catalog knows."""
    merged = _merged(words, hits)
    _head_themes(words, merged)
    asked: set[Facet] = {wish.facet for hit in merged if hit.mode == "" for wish in hit.wishes}
    for hit in merged:
        start, end = words[hit.first].start, words[hit.end - 1].end
        before = {word.plain for word in words[max(0, hit.first - 8) : hit.first]}
        meant = [known.meant(wish) for wish in hit.wishes]
        for wish in meant[:1] if hit.mode in ("never", "softly") else meant:
            general = hit.mode == "taste" and (wish.facet in asked or bool(before & word_class("others")))
            stated, firmness = _firm(wish, hit, general)
            values = stated.values if wish.facet != "text" else (text[start:end].lower(),)
            yield Preference(
                wish.facet, values, stated.low, stated.high, firmness, number, start, end, text[start:end]
            )


def _head_themes(words: Sequence[Word], hits: Sequence[Hit]) -> None:
    """Mark the themes that say what is asked for: "heist film", "about chess", or a lone "Submarines."."""
    plain = [hit for hit in hits if hit.mode == "" and not hit.marks & {"hedge", "vague"}]
    themes = [hit for hit in plain if hit.wishes[0].facet == "themes"]
    for hit in themes:
        behind = words[hit.end] if hit.end < len(words) and not words[hit.end].boundary else None
        genre = any(other.first == hit.end and other.wishes[0].facet == "genres" for other in plain)
        lead = list(words[max(0, hit.first - 4) : hit.first])
        if lead and lead[-1].plain in ("a", "an", "the", "some"):
            lead.pop()
        told = bool(lead) and lead[-1].plain in _TOLD and not words[hit.first].boundary
        of_item = any(word.word in _ITEMS for word in lead[:-1]) or any(
            hit.first - _GAP <= other.end <= hit.first - 1 for other in plain if other is not hit
        )
        if (told and of_item) or (behind and (genre or behind.word in NOUNS - _LOOSE)):
            hit.marks.add("head")
    opening = [hit for hit in themes if _opens(words, hit)]
    kinds = {wish.facet for hit in plain if hit.mode == "" for wish in hit.wishes}
    if (
        opening
        and not kinds & {"genres", "cast", "directors", "series"}
        and not any("head" in hit.marks for hit in themes)
    ):
        opening[0].marks.add("head")


def _opens(words: Sequence[Word], hit: Hit) -> bool:
    """Whether only words of asking stand before a hit in its sentence."""
    for position in range(hit.first, max(-1, hit.first - _OPENING), -1):
        if words[position].boundary == 2:
            return True
        if words[position - 1].word not in _ASKING:
            return False
    return False


def _firm(wish: Wish, hit: Hit, general: bool) -> tuple[Wish, Firmness]:
    """The wish, and how firmly it is meant; of denied years that are open on one side the others."""
    if (
        hit.mode == "never"
        and wish.facet in ("years", "runtime")
        and (wish.low is None) != (wish.high is None)
    ):
        return _beyond(wish), "rather" if "hedge" in hit.marks else "must"
    if hit.mode == "never" and wish.facet == "certificates" and (values := milder(wish.values)):
        return wish._replace(values=values), "must"
    if (hit.mode in ("never", "softly")) != wish.denied:
        if hit.mode == "softly" and wish.facet == "runtime":
            return _opposite(wish), "must"
        return wish, "rather not" if hit.mode == "softly" or "hedge" in hit.marks else "never"
    if "stress" in hit.marks and wish.facet != "text":
        return wish, "must"
    if "head" in hit.marks and wish.facet == "themes" and not general:
        return wish, "must"
    soft = (
        general or bool(hit.marks & {"hedge", "vague"}) or "general" in wish.values or wish.facet not in _MUST
    )
    return wish, "rather" if soft else "must"


def _beyond(wish: Wish) -> Wish:
    """The years or lengths that one open on one side leaves."""
    step = 1 if wish.facet == "years" else 0
    if wish.low is not None:
        return wish._replace(low=None, high=wish.low - step)
    return wish._replace(low=wish.high and wish.high + step, high=None)


def _opposite(wish: Wish) -> Wish:
    """ "Not too long" is at most so long."""
    if wish.low is not None:
        return wish._replace(low=None, high=max(100, wish.low - 20))
    return wish._replace(low=wish.high and wish.high - 15, high=None)


def _merged(words: Sequence[Word], hits: Sequence[Hit]) -> list[Hit]:
    """Alternatives as one hit: "Korean or Japanese", "comedies and thrillers", "the 80s and 90s"."""
    merged: list[Hit] = []
    for hit in hits:
        last = merged[-1] if merged else None
        alternative = last and last.mode == hit.mode not in ("never", "softly") and _either(words, last, hit)
        shared = _shared(last, hit) if last and alternative else []
        if last and shared:
            merged[-1] = Hit(last.first, hit.end, tuple(shared), hit.kind, hit.mode, last.marks | hit.marks)
        else:
            if last and alternative and "or" in {word.word for word in words[last.end : hit.first]}:
                last.marks.add("hedge")  # of different kinds, which one wish cannot hold
                hit.marks.add("hedge")
            merged.append(hit)
    return merged


def _shared(one: Hit, two: Hit) -> list[Wish]:
    """For each facet that both are about one wish that either meets."""
    found: list[Wish] = []
    for wish in one.wishes:
        for other in two.wishes:
            if wish.facet != other.facet or wish.denied or other.denied:
                continue
            lows, highs = (wish.low, other.low), (wish.high, other.high)
            low = None if None in lows else min(bound for bound in lows if bound is not None)
            high = None if None in highs else max(bound for bound in highs if bound is not None)
            found.append(Wish(wish.facet, tuple(dict.fromkeys((*wish.values, *other.values))), low, high))
    return found if 1 in (len(one.wishes), len(two.wishes)) or len(found) == len(one.wishes) else []


def _either(words: Sequence[Word], one: Hit, two: Hit) -> bool:
    """Whether what stands between two hits makes them alternatives."""
    gap = words[one.end : two.first]
    between, bounds = {word.word for word in gap}, {word.boundary for word in words[one.end : two.first + 1]}
    if 2 in bounds or len(gap) > _GAP or not between <= _JOINING:
        return False
    comma, facet, taste = 1 in bounds, one.wishes[0].facet, one.mode == "taste"
    if "or" in between or not (between or comma):
        return "or" in between
    if facet in ("countries", "languages", "years", "series"):
        return comma or bool(between & {"and", "to"})
    if facet == "genres":
        plural = "plural" in one.marks and "plural" in two.marks
        return comma or ("and" in between and (plural or taste))
    listed = "and" in between or comma
    return (facet in ("cast", "directors", "themes") and taste and listed) or (
        facet in ("cast", "directors") and comma and "and" not in between
    )


def dated(wish: Preference, today: int) -> Preference:
    """Years that count from ``today``, as years."""
    if wish.facet != "years":
        return wish
    low = wish.low + today if wish.low is not None and wish.low <= 0 else wish.low
    high = wish.high + today if wish.high is not None and wish.high <= 0 else wish.high
    return replace(wish, low=low, high=high)
