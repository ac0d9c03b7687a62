"""Words of a message that state wishes: phrases of the lexicon and the catalog, years, lengths and ages."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from safecrs.preferences.base import Facet
from safecrs.preferences.certificates import find_certificates
from safecrs.preferences.gazetteer import Gazetteer, Meaning
from safecrs.preferences.lexicon import Wish, word_class
from safecrs.preferences.references import NUMBERS
from safecrs.preferences.scope import Hit, Surroundings
from safecrs.preferences.times import find_lengths, find_years
from safecrs.preferences.words import Word

SHIFTS: dict[str, tuple[Facet, int]] = {
    **dict.fromkeys(("older", "earlier"), ("years", -1)),
    **dict.fromkeys(("newer", "more recent", "more modern", "more current", "less old"), ("years", 1)),
    **{"not so old": ("years", 1), "shorter": ("runtime", -1), "less long": ("runtime", -1)},
    "longer": ("runtime", 1),
}
"""Words that compare with what was shown → facet and direction."""
_COUNT = r"\d{1,2}|" + "|".join(NUMBERS)
_CHILDREN = "(?:son|daughter|kid|child|boy|girl|nephew|niece|grandson|granddaughter|toddler|youngest|oldest)"
_AGE = re.compile(
    rf"\b({_COUNT})(?:[ -]?(?:and|&|or|to|-)[ -]?(\d{{1,2}}))?[ -]?"
    r"(?:(?:years?|yrs?|yr|y)?[ -]?(?:olds?\b|/?o\b)|months? old)"
    rf"|\b{_CHILDREN} (?:is|just turned|turned|turns|who is|whos|who['’]s|turning) (\d{{1,2}})\b(?![:%])"
    r"|\bage[ds]? (?:of )?(\d{1,2})(?:[ -](?:and|to|-|&)?[ -]?(\d{1,2}))?",
    re.IGNORECASE,
)
_CHILD, _TEEN, _MONTHS = 11, 17, 36
_SHOUTED = 0.6
"""A message of which more words are capitalised tells nothing by capitals."""
_SHORT_SERIES = 5
_ORIGIN = 5
"""Words before a place in which its speaker is looked for."""


def timed(text: str, words: Sequence[Word], taken: list[bool], today: int) -> list[Hit]:
    """Years, lengths and ages in numbers; their words are taken."""
    starts = [word.start for word in words]

    def placed(start: int, end: int) -> tuple[int, int]:
        first = max(0, bisect_left(starts, start + 1) - 1)
        return first, max(first + 1, bisect_left(starts, end))

    ages = [
        Hit(*placed(match.start(), match.end()), (wish,), "time")
        for match in _AGE.finditer(text)
        if (wish := _aged(match, words, *placed(match.start(), match.end())))
    ]
    times = [
        Hit(*placed(time.start, time.end), (time.wish,), "time", marks={"vague"} if time.vague else set())
        for time in sorted([*find_lengths(text), *find_years(text, today), *find_certificates(text)])
    ]
    hits = []
    for hit in (*ages, *times):
        if not any(taken[hit.first : hit.end]):
            taken[hit.first : hit.end] = [True] * (hit.end - hit.first)
            hits.append(hit)
    firm = {hit.wishes[0].facet for hit in hits if not hit.marks}
    return [hit for hit in hits if not (hit.marks and hit.wishes[0].facet in firm)]


def _aged(match: re.Match[str], words: Sequence[Word], first: int, end: int) -> Wish | None:
    """The audience that an age tells; the user's own age and that of an item tell none."""
    said = [age.lower() for age in match.groups() if age]
    ages = [NUMBERS.get(age) or int(age) for age in said]
    before = {word.plain for word in words[max(0, first - 3) : first]}
    item = {word.word for word in words[end : end + 2]} & word_class("not_aged") and "for" not in before
    if (
        before & {"im", "than", "most", "least"}
        or item
        or ("month" in match[0].lower() and max(ages) > _MONTHS)
    ):
        return None
    youngest = min(ages)
    if youngest > _TEEN:
        return None
    older = ("teens", "family", "general")
    return Wish("audience", ("kids", "family") if youngest <= _CHILD else older)


def phrased(words: Sequence[Word], taken: Sequence[bool], known: Gazetteer) -> Iterator[Hit]:
    """Phrases of the lexicon and of the catalog, idioms among them."""
    for first, end, meaning in known.phrases.find(words, taken):
        hit = Hit(first, end, meaning.wishes, meaning.kind)
        lone, word = end - first == 1, words[first]
        before = words[first - 1].plain if first and not word.boundary else ""
        behind = words[end].word if end < len(words) and not words[end].boundary else ""
        series = known.series.get(word.word) if lone and word.capital and word.boundary < 2 else None
        if words[first].plain == "from" and _of_speaker(words, first):
            continue
        if series and (before in word_class("another") or behind in word_class("franchise")):
            hit.wishes, hit.kind = series.wishes, "series"
        elif words[end - 1].plain == "set" and behind in (
            "in",
            "on",
            "at",
            "during",
            "around",
            "before",
            "after",
        ):
            continue
        elif meaning.kind != "idiom":
            if meaning.wishes[0].facet == "runtime" and behind in ("before", "after", "ago", "since"):
                continue
            judged = before in ("so", "really", "very", "too", "pretty") and first > 1
            if "was" in (before, judged and words[first - 2].plain) or before == "were":
                continue  # what an item was is no wish
            if meaning.kind == "series":
                usual = lone and known.ordinary(word.word)
                if not _names_series(word, meaning, lone, usual, before, behind):
                    continue
            elif meaning.kind == "theme" and lone and known.ordinary(word.word) and not _told(words, first):
                continue
            elif meaning.weak or (lone and meaning.wishes[0].facet == "themes"):
                if before in word_class("owners"):
                    continue
                hit.marks.add("weak")
        if words[end - 1].plain != words[end - 1].word and words[end - 1].plain.endswith("s"):
            hit.marks.add("plural")
        yield hit


def _of_speaker(words: Sequence[Word], first: int) -> bool:
    """Whether who speaks comes from there, and not the item: "I am a student from Brazil"."""
    before = words[max(0, first - _ORIGIN) : first]
    asked = any(word.word in word_class("nouns") for word in before)
    return not asked and any(word.plain in word_class("comers") for word in before)


def _names_series(word: Word, meaning: Meaning, lone: bool, usual: bool, before: str, behind: str) -> bool:
    named = behind in word_class("series")
    if lone and not word.capital and len(word.word) < _SHORT_SERIES:
        return False
    if meaning.weak:
        return named or (before in word_class("before_series") and (word.capital or not usual))
    return named or before not in word_class("before_item")


def _told(words: Sequence[Word], first: int) -> bool:
    """Whether "about" is directly before, or before an article."""
    before = [word.plain for word in words[max(0, first - 2) : first]]
    about = word_class("about") | {"involve", "no", "without"}
    return bool(before) and (before[-1] in about or (before[0] in about and before[-1] in ("a", "an", "the")))


def unnamed(words: Sequence[Word], hits: Sequence[Hit], people: Sequence[Hit]) -> list[Hit]:
    """The hits without those that are part of a longer name that nothing knows: "the King's Speech"."""
    if sum(word.capital for word in words) > _SHOUTED * len(words):
        return list(hits)
    held = [False] * (len(words) + 1)
    for hit in (*hits, *people):
        held[hit.first : hit.end] = [True] * (hit.end - hit.first)
    return [hit for hit in hits if not _proper(words, hit, held)]


def _proper(words: Sequence[Word], hit: Hit, held: Sequence[bool]) -> bool:
    named = "weak" in hit.marks or {wish.facet for wish in hit.wishes} & {"themes", "series", "moods"}
    if hit.kind == "time" or not named or not all(word.capital for word in words[hit.first : hit.end]):
        return False
    first, behind = hit.first - 1, words[hit.end] if hit.end < len(words) else None
    if behind and behind.capital and not (behind.boundary or held[hit.end] or behind.plain in ("i", "im")):
        return True
    before = first >= 0 and not words[hit.first].boundary and words[first].capital and not held[first]
    return before and words[first].boundary < 2


def shifts(
    words: Sequence[Word], taken: Sequence[bool], near: Surroundings
) -> Iterator[tuple[int, int, Facet, int]]:
    """Comparisons with what was shown: first word, word behind, facet and direction."""
    for position in range(len(words)):
        for size in (3, 2, 1):
            shift = SHIFTS.get(" ".join(word.plain for word in words[position : position + size]))
            end = position + size
            if shift is None or end > len(words) or any(taken[position:end]):
                continue
            behind = words[end].plain if end < len(words) and not words[end].boundary else ""
            if behind != "than" and near.describe(Hit(position, end, ())):
                yield position, end, *shift
            break
