"""One message of the user: its wishes, the items it names, how many it asks for, and what is left over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from safecrs.catalog import Catalog
from safecrs.preferences.base import Facet, Preference
from safecrs.preferences.descriptions import describe
from safecrs.preferences.gazetteer import Gazetteer
from safecrs.preferences.hits import phrased, shifts, timed, unnamed
from safecrs.preferences.lexicon import Wish, phrase_kinds, triggers
from safecrs.preferences.names import Names, Title
from safecrs.preferences.references import Reference, find_count, find_references
from safecrs.preferences.scope import Hit, Surroundings, Trigger, govern
from safecrs.preferences.wishes import preferences_of
from safecrs.preferences.words import Word, split_words

_UNSHOWN: dict[tuple[Facet, int], tuple[int | None, int | None]] = {
    ("years", -1): (None, -30),
    ("years", 1): (-10, None),
    ("runtime", -1): (None, 100),
    ("runtime", 1): (130, None),
}
"""What "older" and the like mean where nothing was shown yet; years count from this one."""
_POSSESSIVE = frozenset(["his", "her", "hers", "their", "theirs"])
_MOST = 100
"""Wishes of one message that are read."""


@dataclass(slots=True)
class Reading:
    """What a message says.

    Attributes:
        withdrawn: wishes that no longer hold.
        titles: items with where they are named in the text.
        shifts: "older", "shorter": facet, direction, and what it means where nothing was shown yet.
        anew: whether earlier wishes are dropped; replaces: whether new ones take the place of earlier ones.
        unmeant: items whose titles are other words here.
        without: whether the people named last are not wanted ("without him").
    """

    wishes: list[Preference] = field(default_factory=list)
    withdrawn: list[Wish] = field(default_factory=list)
    titles: list[tuple[Title, int, int]] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    shifts: list[tuple[Facet, int, Preference]] = field(default_factory=list)
    count: int | None = None
    anew: bool = False
    replaces: bool = False
    without: bool = False
    not_understood: list[str] = field(default_factory=list)
    unmeant: set[int] = field(default_factory=set)


def read_message(
    text: str, number: int, known: Gazetteer, catalog: Catalog, ignore: Sequence[tuple[int, int]], today: int
) -> Reading:
    """Read one message; ``number`` is its place in the conversation, ``ignore`` spans that are no wishes."""
    words, reading = split_words(text), Reading()
    if not words:
        return reading
    hidden = _hidden(words, ignore)
    names = Names(text, words, list(hidden), known, catalog)
    named = [name and not gone for name, gone in zip(names.taken, hidden, strict=True)]
    hits = [*timed(text, words, names.taken, today), *phrased(words, names.taken, known)]
    spoken, near = _surroundings(words, hits, names.taken, named)
    hits, idioms = [hit for hit in hits if hit.kind != "idiom"], [hit for hit in hits if hit.kind == "idiom"]
    hits = unnamed(
        words, [hit for hit in hits if "weak" not in hit.marks or near.describe(hit)], names.people.hits
    )
    shifted: set[int] = set()
    for first, end, facet, way in shifts(words, names.taken, near):
        shifted.update(range(first, end))
        if known.meant(Wish(facet)).facet != facet:
            continue
        low, high = _UNSHOWN[facet, way]
        start, stop = words[first].start, words[end - 1].end
        wish = Preference(facet, (), low, high, "must", number, start, stop, text[start:stop])
        reading.shifts.append((facet, way, wish))
    hits = sorted(
        (hit for hit in (*hits, *names.people.hits) if hit.first not in shifted), key=lambda hit: hit.first
    )
    govern(words, hits, [_differing(words, trigger, named) for trigger in spoken])
    marked = _covered(words, [*hits, *idioms])
    titles = names.titles(marked)
    for hit in hits:
        if (
            hit.kind == "person" and hit.mode == "past"
        ):  # "finished a biography of Cary Grant; which of his films"
            hit.mode = ""
            hit.marks |= set() if any(word.plain in _POSSESSIVE for word in words[hit.end :]) else {"hedge"}
    hits = [
        hit
        for hit in hits
        if hit.mode != "past" and (hit.kind in ("person", "time") or not names.taken[hit.first])
    ]
    reading.titles = [(title, words[title.first].start, words[title.end - 1].end) for title in titles]
    reading.withdrawn = [wish for hit in hits if hit.mode == "withdraw" for wish in hit.wishes]
    reading.wishes = list(
        preferences_of(words, [hit for hit in hits if hit.mode != "withdraw"], known, number, text)
    )
    known_words = [one or two for one, two in zip(marked, names.taken, strict=True)]
    for first, end, denied in describe(words, known_words):
        said = text[words[first].start : words[end - 1].end]
        span = (words[first].start, words[end - 1].end)
        reading.wishes.append(
            Preference(
                "text", (said.lower(),), None, None, "never" if denied else "rather", number, *span, text=said
            )
        )
    reading.wishes += _barred(words, titles, catalog, number, text)
    reading.wishes = _consistent(reading.wishes)
    reading.wishes = sorted(reading.wishes, key=lambda wish: wish.start)[:_MOST]
    left = [text[start:end] for title, start, end in reading.titles if title.row < 0]
    left += [text[words[first].start : words[end - 1].end] for first, end in names.people.unknown]
    left += [wish.text for wish in reading.wishes if wish.facet == "text"]
    reading.not_understood = list(dict.fromkeys(left))
    reading.unmeant = names.unmeant
    reading.count = find_count(words, spoken)
    reading.references = find_references(words, names.taken)
    kinds = {kind for _, _, of in spoken for kind in of}
    reading.anew, reading.replaces = "anew" in kinds, "replace" in kinds
    reading.without = any(
        one.plain in ("without", "no", "not", "except", "but") and two.plain in ("him", "her", "them")
        for one, two in pairwise(words)
    )
    return reading


def _consistent(wishes: Sequence[Preference]) -> list[Preference]:
    """Without musts that a later one of the message makes impossible, or more exact: the last one counts.

    An item has one main language; years in numbers count more than "old".
    """
    kept: list[Preference] = []
    for wish in sorted(wishes, key=lambda wish: (wish.facet == "years" and _in_numbers(wish), wish.start)):
        if wish.firmness == "must" and wish.facet in ("languages", "years"):
            kept = [old for old in kept if old.firmness != "must" or not _ousted(old, wish)]
        kept.append(wish)
    return kept


def _in_numbers(wish: Preference) -> bool:
    return any(map(str.isdecimal, wish.text)) or "ties" in wish.text


def _ousted(old: Preference, new: Preference) -> bool:
    if old.facet != new.facet or old.facet == "languages":
        return old.facet == new.facet
    bounds = [(one.low, one.high) for one in (old, new)]
    if any(bound is not None and bound <= 0 for pair in bounds for bound in pair):
        return True  # counts from today
    one, two = ((low or 0, high or 9999) for low, high in bounds)
    apart = one[0] > two[1] or two[0] > one[1]
    return apart or (one[0] >= two[0] and one[1] <= two[1]) or (two[0] >= one[0] and two[1] <= one[1])


def _differing(words: Sequence[Word], trigger: Trigger, named: Sequence[bool]) -> Trigger:
    """ "Except" behind an item it compares with says what differs: "Heat, except in the 70s"."""
    first, end, _ = trigger
    led = end < len(words) and words[end].plain in ("in", "from", "set", "made", "with", "for", "its", "as")
    if words[first].plain == "except" and first and named[first - 1] and led:
        return first, end, frozenset(["break"])
    return trigger


def _barred(
    words: Sequence[Word], titles: Sequence[Title], catalog: Catalog, number: int, text: str
) -> Iterator[Preference]:
    """The series of items that are named as what is not wanted, or of which all are said to be known."""
    ends = [end for _, end, _ in phrase_kinds("triggers", "none_of", "").find(words)]
    for title in titles:
        series = catalog.facets.lists["series"].of(title.row) if title.row >= 0 else ()
        if series and (title.barred or any(end > title.end for end in ends)):
            start, end = words[title.first].start, words[title.end - 1].end
            yield Preference("series", series, None, None, "never", number, start, end, text=text[start:end])


def _hidden(words: Sequence[Word], ignore: Sequence[tuple[int, int]]) -> list[bool]:
    """For each word whether it lies in a span that is no wish."""
    spans, hidden, at = sorted(ignore), [], 0
    reached = 0
    for word in words:
        while at < len(spans) and spans[at][0] < word.end:
            reached = max(reached, spans[at][1])
            at += 1
        hidden.append(word.start < reached)
    return hidden


def _covered(words: Sequence[Word], hits: Sequence[Hit]) -> list[bool]:
    covered = [False] * len(words)
    for hit in hits:
        covered[hit.first : hit.end] = [True] * (hit.end - hit.first)
    return covered


def _surroundings(
    words: Sequence[Word], hits: Sequence[Hit], taken: Sequence[bool], named: Sequence[bool]
) -> tuple[list[Trigger], Surroundings]:
    """The triggers outside phrases, and what is around each word."""
    inside = _covered(words, [hit for hit in hits if hit.kind != "idiom"])
    sure = _covered(
        words, [hit for hit in hits if hit.kind not in ("idiom", "time") and "weak" not in hit.marks]
    )
    solid = [one or two for one, two in zip(sure, taken, strict=True)]
    said = _covered(words, [hit for hit in hits if hit.kind != "idiom" and "weak" not in hit.marks])
    spoken = [found for found in triggers().find(words, named) if not all(said[found[0] : found[1]])]
    held = [one or two for one, two in zip(inside, solid, strict=True)]
    starts, ends = {first: kinds for first, _, kinds in spoken}, {end: kinds for _, end, kinds in spoken}
    return spoken, Surroundings(words, held, solid, starts, ends)
