"""One message of the user: its wishes, the items it names, how many it asks for, and what is left over."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from safecrs.catalog import Catalog
from safecrs.preferences.base import Facet, Firmness, Preference, Role
from safecrs.preferences.gazetteer import Gazetteer
from safecrs.preferences.lexicon import Wish, ordinary_words, triggers, word_class
from safecrs.preferences.names import Names, Title
from safecrs.preferences.scope import NOUNS, Hit, Surroundings, Trigger, govern
from safecrs.preferences.times import find_lengths, find_years
from safecrs.preferences.words import Word, split_words

_MUST = frozenset(
    ["genres", "years", "countries", "languages", "directors", "cast", "series", "runtime", "audience"]
)
_NUMBERS = {
    "one": 1, "single": 1, "two": 2, "couple": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "dozen": 12, "twelve": 12, "fifteen": 15, "twenty": 20,
}  # fmt: skip
_ORDINALS = {
    "first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4,
    "sixth": 5, "6th": 5, "seventh": 6, "eighth": 7, "ninth": 8, "tenth": 9, "last": -1, "final": -1, "top": 0,
}  # fmt: skip
_SHIFTS: dict[str, tuple[Facet, int]] = {
    "older": ("years", -1), "earlier": ("years", -1), "newer": ("years", 1), "more recent": ("years", 1),
    "more modern": ("years", 1), "more current": ("years", 1), "less old": ("years", 1), "not so old": ("years", 1),
    "shorter": ("runtime", -1), "less long": ("runtime", -1), "longer": ("runtime", 1),
}  # fmt: skip
_UNSHOWN: dict[tuple[Facet, int], tuple[int | None, int | None]] = {
    ("years", -1): (None, -30),
    ("years", 1): (-10, None),
    ("runtime", -1): (None, 100),
    ("runtime", 1): (130, None),
}
"""What these mean where nothing was shown yet; years count from this one."""
_AGE = re.compile(
    r"\b(\d{1,2}|"
    + "|".join(_NUMBERS)
    + r")(?:[ -]?(?:and|&|or|to|-)[ -]?(\d{1,2}))?[ -]?(?:(?:years?|yrs?|yr|y)?[ -]?(?:olds?\b|/?o\b)|months? old)"
    r"|\bage[ds]?[ ](?:of )?(\d{1,2})(?:[ -](?:and|to|-|&)?[ -]?(\d{1,2}))?",
    re.IGNORECASE,
)
_ASKING = word_class("asking")
_COUNTED = word_class("counted")
_ABOUT = word_class("about")
_ABOUT_2 = frozenset(
    [
        ("set", "in"),
        ("set", "on"),
        ("set", "during"),
        ("set", "at"),
        ("based", "on"),
        ("dealing", "with"),
        ("deal", "with"),
        ("revolving", "around"),
        ("centered", "around"),
        ("in", "which"),
    ]
)
_STOPS = word_class("reading_stops")
_GREETING = word_class("greeting")
_OTHERS = word_class("others")
_SERIES = word_class("series")
_MAX_TEXTS = 6
_MOST = 100
"""Wishes of one message that are read."""
_SHOUTED = 0.6
"""A message of which more words are capitalised tells nothing by capitals."""


@dataclass(slots=True)
class Reading:
    """What a message says."""

    wishes: list[Preference] = field(default_factory=list)
    withdrawn: list[Wish] = field(default_factory=list)
    titles: list[tuple[Title, int, int]] = field(default_factory=list)
    """Items with where they are named in the text."""
    references: list[tuple[int | None, Role, int, int]] = field(default_factory=list)
    """Items of the assistant's list: place (None = all), role, and where the text says so."""
    shifts: list[tuple[Facet, int, Preference]] = field(default_factory=list)
    """"older", "shorter": facet, direction, and what it means where nothing was shown yet."""
    count: int | None = None
    anew: bool = False
    replaces: bool = False
    without: bool = False
    """The people named last are not wanted ("without him")."""
    not_understood: list[str] = field(default_factory=list)


def read_message(
    text: str, number: int, known: Gazetteer, catalog: Catalog, ignore: Sequence[tuple[int, int]], today: int
) -> Reading:
    """Read one message; ``number`` is its place in the conversation."""
    words = split_words(text)
    reading = Reading()
    if not words:
        return reading
    starts = [word.start for word in words]
    taken = [False] * len(words)
    for start, end in ignore:
        for position in range(max(0, bisect_left(starts, start + 1) - 1), bisect_left(starts, end)):
            taken[position] = words[position].end > start
    hidden = list(taken)
    names = Names(text, words, taken, known, catalog)
    named = [name and not gone for name, gone in zip(names.taken, hidden, strict=True)]
    hits = _timed(text, words, starts, names.taken, today) + _phrased(words, names.taken, known)
    inside, solid = [False] * len(words), [*names.taken]
    for hit in hits:
        inside[hit.first : hit.end] = [hit.kind != "idiom"] * (hit.end - hit.first)
        if hit.kind not in ("idiom", "time") and "weak" not in hit.marks:
            solid[hit.first : hit.end] = [True] * (hit.end - hit.first)
    spoken = [t for t in triggers().find(words, named) if not all(inside[t[0] : t[1]])]
    near = Surroundings(
        words,
        [one or two for one, two in zip(inside, solid, strict=True)],
        solid,
        {start: kinds for start, _, kinds in spoken},
        {end: kinds for _, end, kinds in spoken},
    )
    described = [
        hit for hit in hits if hit.kind != "idiom" and ("weak" not in hit.marks or near.describe(hit))
    ]
    if sum(word.capital for word in words) <= _SHOUTED * len(words):
        held = [False] * len(words)
        for hit in (*described, *names.people):
            held[hit.first : hit.end] = [True] * (hit.end - hit.first)
        described = [hit for hit in described if not _proper(words, hit, held)]
    shifted: set[int] = set()
    for first, end, facet, way in _shifts(words, names.taken, near):
        shifted.update(range(first, end))
        low, high = _UNSHOWN[facet, way]
        start, stop = words[first].start, words[end - 1].end
        wish = Preference(facet, (), low, high, "must", number, start, stop, text[start:stop])
        reading.shifts.append((facet, way, wish))
    accepted = sorted([*described, *names.people], key=lambda hit: hit.first)
    accepted = [hit for hit in accepted if hit.first not in shifted]
    govern(words, accepted, spoken)
    marked = [False] * len(words)
    for hit in [*accepted, *(hit for hit in hits if hit.kind == "idiom")]:
        marked[hit.first : hit.end] = [True] * (hit.end - hit.first)
    titles = names.titles(marked)
    reading.titles = [(t, words[t.first].start, words[t.end - 1].end) for t in titles]
    for title, start, end in reading.titles:
        if title.row < 0:
            reading.not_understood.append(text[start:end])
    reading.not_understood += [text[words[a].start : words[b - 1].end] for a, b in names.unknown_people]
    accepted = [
        hit
        for hit in accepted
        if hit.mode != "past" and (hit.kind in ("person", "time") or not names.taken[hit.first])
    ]
    reading.withdrawn = [wish for hit in accepted if hit.mode == "withdraw" for wish in hit.wishes]
    stated = _merged(words, [hit for hit in accepted if hit.mode != "withdraw"])
    tastes = {w.facet for hit in stated if hit.mode == "" for w in hit.wishes}
    for hit in stated:
        reading.wishes += _preferences(hit, words, number, text, tastes)
    for end in range(len(words)):
        if names.taken[end] and not hidden[end]:
            marked[end] = True
    reading.wishes += _described(words, marked, number, text, reading.not_understood)
    reading.wishes = sorted(reading.wishes, key=lambda wish: wish.start)[:_MOST]
    reading.not_understood += [
        w
        for wish in reading.wishes
        if wish.facet == "text" and wish.firmness in ("must", "rather")
        for w in [text[wish.start : wish.end]]
    ]
    reading.not_understood = list(dict.fromkeys(reading.not_understood))
    reading.count = _count(words, marked, spoken)
    reading.references = _references(words, spoken, names.taken)
    kinds = {kind for start, end, of in spoken for kind in of if kind in ("anew", "replace")}
    reading.anew, reading.replaces = "anew" in kinds, "replace" in kinds
    plain = [word.plain for word in words]
    reading.without = any(
        plain[at] in ("without", "no", "not", "except") and plain[at + 1] in ("him", "her", "them")
        for at in range(len(plain) - 1)
    )
    return reading


def _timed(
    text: str, words: Sequence[Word], starts: Sequence[int], taken: list[bool], today: int
) -> list[Hit]:
    hits: list[Hit] = []
    times = sorted([*find_lengths(text), *find_years(text, today)])
    for time in times:
        first = max(0, bisect_left(starts, time.start + 1) - 1)
        end = max(first + 1, bisect_left(starts, time.end))
        if any(taken[first:end]) or (hits and hits[-1].end > first):
            continue
        hits.append(Hit(first, end, (time.wish,), "time", marks={"vague"} if time.vague else set()))
    for match in _AGE.finditer(text):
        first = max(0, bisect_left(starts, match.start() + 1) - 1)
        end = max(first + 1, bisect_left(starts, match.end()))
        ages = [
            _NUMBERS.get(age.lower(), 0) or int(age)
            for age in match.groups()
            if age and (age.isdecimal() or age.lower() in _NUMBERS)
        ]
        near = {word.plain for word in words[max(0, first - 3) : first]}
        if (
            any(taken[first:end])
            or not ages
            or near & {"im", "than", "a movie"}
            or ("month" in match[0].lower()
            and max(ages) > 36)
        ):
            continue
        behind = {word.word for word in words[end : end + 2]}
        youngest = min(ages)
        if youngest > 17 or (behind & {"movy", "film", "game", "man", "woman", "friend"} and "for" not in near):
            continue
        values = ("kids", "family") if youngest < 12 else ("teens", "family")
        hits = [hit for hit in hits if hit.end <= first or hit.first >= end]
        hits.append(Hit(first, end, (Wish("audience", values),), "time"))
    hits.sort(key=lambda hit: hit.first)
    for hit in hits:
        taken[hit.first : hit.end] = [True] * (hit.end - hit.first)
    vague = [hit for hit in hits if "vague" in hit.marks]
    firm = any(hit.wishes[0].facet == "years" and "vague" not in hit.marks for hit in hits)
    return [hit for hit in hits if not (firm and hit in vague and hit.wishes[0].facet == "years")]


def _phrased(words: Sequence[Word], taken: Sequence[bool], known: Gazetteer) -> list[Hit]:
    hits = []
    for first, end, meaning in known.phrases.find(words, taken):
        hit = Hit(first, end, meaning.wishes, meaning.kind)
        last = words[end - 1]
        lone = end - first == 1
        behind = words[end].word if end < len(words) and not words[end].boundary else ""
        before = words[first - 1].plain if first and not words[first].boundary else ""
        if (
            lone
            and words[first].capital
            and words[first].boundary < 2
            and (
                before in ("another", "any", "no", "every", "all")
                or behind in ("series", "franchise", "saga", "trilogy", "universe")
            )
            and (of := known.series.get(words[first].word))
        ):
            hit.wishes, hit.kind = of.wishes, "series"
        elif meaning.kind != "idiom" and (
            before in ("was", "were")
            or (
                before in ("so", "really", "very", "too", "pretty")
                and words[first - 2].plain in ("was", "were")
            )
        ):
            continue
        elif meaning.kind == "series":
            named = behind in _SERIES
            if lone and not words[first].capital and len(words[first].word) < 5:
                continue
            if meaning.weak and not (
                named
                or (before in ("another", "except", "any", "no", "but", "not", "without", "than")
                and words[first].capital)
            ):
                continue
            if not meaning.weak and not named and before in ("like", "to", "seen", "loved", "watched"):
                continue
        elif (
            meaning.kind == "theme" and lone and known.ordinary(words[first].word) and not _told(words, first)
        ):
            continue
        elif meaning.weak or (lone and meaning.wishes and meaning.wishes[0].facet == "themes"):
            if before in ("my", "our", "his", "her", "their", "your", "im", "were"):
                continue
            hit.marks.add("weak")
        if last.plain != last.word and last.plain.endswith("s"):
            hit.marks.add("plural")
        hits.append(hit)
    return hits


def _told(words: Sequence[Word], first: int) -> bool:
    """Whether "about" is directly before, or before an article."""
    before = [word.plain for word in words[max(0, first - 2) : first]]
    return bool(before) and (
        before[-1] in _ABOUT or (before[0] in _ABOUT and before[-1] in ("a", "an", "the"))
    )


def _proper(words: Sequence[Word], hit: Hit, held: Sequence[bool]) -> bool:
    """Whether the words are part of a longer name that nothing else knows: "the King's Speech"."""
    if hit.kind in ("person", "time") or not all(w.capital for w in words[hit.first : hit.end]):
        return False
    if not {w.facet for w in hit.wishes} & {"themes", "series", "moods"} and "weak" not in hit.marks:
        return False
    last = (
        hit.end < len(words) and not words[hit.end].boundary and words[hit.end].capital and not held[hit.end]
    )
    first = hit.first - 1
    before = first >= 0 and not words[hit.first].boundary and words[first].capital and not held[first]
    return bool((last and words[hit.end].plain not in ("i", "im")) or (before and words[first].boundary < 2))


def _shifts(
    words: Sequence[Word], taken: Sequence[bool], near: Surroundings
) -> Iterator[tuple[int, int, Facet, int]]:
    """ "older", "shorter": first word, word behind, facet and direction."""
    for position in range(len(words)):
        for size in (3, 2, 1):
            shift = _SHIFTS.get(" ".join(word.plain for word in words[position : position + size]))
            end = position + size
            if shift is None or end > len(words) or any(taken[position:end]):
                continue
            behind = words[end].plain if end < len(words) and not words[end].boundary else ""
            if behind != "than" and near.describe(Hit(position, end, ())):
                yield position, end, *shift
            break


def _merged(words: Sequence[Word], hits: list[Hit]) -> list[Hit]:
    """Alternatives as one hit: "Korean or Japanese", "comedies and thrillers", "the 80s and 90s"."""
    merged: list[Hit] = []
    for hit in hits:
        last = merged[-1] if merged else None
        shared = last and _shared(last, hit)
        if (
            last is None
            or not shared
            or last.mode != hit.mode
            or hit.mode in ("never", "softly")
            or not _either(words, last, hit)
        ):
            merged.append(hit)
            continue
        merged[-1] = Hit(last.first, hit.end, tuple(shared), hit.kind, hit.mode, last.marks | hit.marks)
    return merged


def _shared(one: Hit, two: Hit) -> list[Wish]:
    """For each facet that both are about one wish that either meets."""
    found = []
    for wish in one.wishes:
        for other in two.wishes:
            if wish.facet != other.facet or wish.denied or other.denied:
                continue
            if wish.facet in ("years", "runtime"):
                lows, highs = (wish.low, other.low), (wish.high, other.high)
                low = None if None in lows else min(x for x in lows if x is not None)
                high = None if None in highs else max(x for x in highs if x is not None)
                found.append(Wish(wish.facet, (), low, high))
            else:
                found.append(wish._replace(values=tuple(dict.fromkeys((*wish.values, *other.values)))))
    return found if len(one.wishes) == 1 or len(two.wishes) == 1 or len(found) == len(one.wishes) else []


def _either(words: Sequence[Word], one: Hit, two: Hit) -> bool:
    between = {word.word for word in words[one.end : two.first]}
    boundary = words[two.first].boundary == 1 or any(
        word.boundary == 1 for word in words[one.end : two.first]
    )
    if any(word.boundary == 2 for word in words[one.end : two.first + 1]) or two.first - one.end > 4:
        return False
    if (
        not between
        <= {"or", "and", "a", "an", "some", "either", "the", "maybe", "even", "from", "to"} | NOUNS
    ):
        return False
    if "or" in between or not (between or boundary):
        return "or" in between
    facet = one.wishes[0].facet
    if facet in ("countries", "languages", "years", "series"):
        return boundary or bool(between & {"and", "to"})
    if facet == "genres":
        plural = "plural" in two.marks and "plural" in one.marks
        return boundary or ("and" in between and (plural or one.mode == "taste"))
    if facet in ("cast", "directors", "themes"):
        return (
            (one.mode == "taste"
            and ("and" in between or boundary))
            or (facet != "themes" and boundary and "and" not in between)
        )
    return False


def _preferences(
    hit: Hit, words: Sequence[Word], number: int, text: str, asked: set[Facet]
) -> list[Preference]:
    start, end = words[hit.first].start, words[hit.end - 1].end
    wishes = hit.wishes[:1] if hit.mode in ("never", "softly") else hit.wishes
    return [_preference(wish, hit, number, start, end, text, asked, words) for wish in wishes]


def _preference(wish: Wish, hit: Hit, number: int, start: int, end: int, text: str, asked: set[Facet], words: Sequence[Word]) -> Preference:  # fmt: skip
    firm: Firmness = "must" if wish.facet in _MUST else "rather"
    if "general" in wish.values or "hedge" in hit.marks or "vague" in hit.marks:
        firm = "rather"
    if hit.mode == "taste":
        subject = {word.plain for word in words[max(0, hit.first - 4) : hit.first]}
        if wish.facet in asked or subject & _OTHERS:
            firm = "rather"
    if "stress" in hit.marks and wish.facet != "text":
        firm = "must"
    denied = (hit.mode in ("never", "softly")) != wish.denied
    if denied:
        firm = "rather not" if hit.mode == "softly" else "never"
        if hit.mode == "softly" and wish.facet == "runtime":
            wish, firm = _opposite(wish), "must"
        elif wish.denied and not hit.mode:
            firm = "rather not" if "hedge" in hit.marks else "never"
    values = wish.values if wish.facet != "text" else (text[start:end].lower(),)
    return Preference(wish.facet, values, wish.low, wish.high, firm, number, start, end, text[start:end])


def _opposite(wish: Wish) -> Wish:
    """ "Not too long" is at most so long."""
    if wish.low is not None and wish.high is None:
        return wish._replace(low=None, high=max(100, wish.low - 20))
    return wish._replace(low=wish.high and wish.high - 15, high=None)


def _described(
    words: Sequence[Word], marked: list[bool], number: int, text: str, unknown: list[str]
) -> list[Preference]:
    """What is asked for in words that no vocabulary holds: "about beekeeping", "a Wakandan film"."""
    found: list[Preference] = []
    ordinary = ordinary_words()
    for position, word in enumerate(words):
        if len(found) >= _MAX_TEXTS:
            break
        begin = (
            position + 1
            if word.plain in _ABOUT
            else position + 2
            if position + 1 < len(words) and (word.plain, words[position + 1].plain) in _ABOUT_2
            else 0
        )
        asked = any(
            w.word in NOUNS | {"want", "movies", "game"} for w in words[max(0, position - 5) : position]
        ) or any(marked[max(0, position - 3) : position])
        if begin and asked and not marked[position]:
            if (
                word.plain in ("about", "where")
                and position
                and words[position - 1].plain
                in (
                    "how",
                    "what",
                    "think",
                    "know",
                    "talk",
                    "heard",
                    "sure",
                    "worried",
                    "care",
                    "is",
                    "forget",
                    "mad",
                )
            ):
                continue
            end, limit = begin, 10 if word.plain in ("where", "in") else 5
            while (
                end < len(words)
                and end - begin < limit
                and not words[end].boundary
                and (limit > 5 or words[end].plain not in _STOPS)
            ):
                end += 1
            span = range(begin, end)
            if any(marked[p] for p in span) or not span:
                continue
            if limit == 5 and all(
                words[p].plain in ("it", "this", "that", "a", "the", "anything", "something", "how", "what")
                for p in span
            ):
                continue
            found.append(_text(words, begin, end, number, text))
            continue
        if (
            word.word in ("movy", "film", "flick", "game")
            and position
            and not word.boundary
            and not marked[position - 1]
        ):
            one = words[position - 1]
            if (
                one.word in ordinary
                or one.word in NOUNS
                or not one.word.isalpha()
                or len(one.word) < 4
                or words[position].plain == one.plain
            ):
                continue
            if one.plain.endswith("ly") or one.plain in _GREETING:
                continue
            found.append(_text(words, position - 1, position, number, text))
    for wish in found:
        at = bisect_left([word.start for word in words], wish.start) if len(words) < 4000 else 0
        marked[at : at + 1] = [True]
    return found


def _text(words: Sequence[Word], first: int, end: int, number: int, text: str) -> Preference:
    start, stop = words[first].start, words[end - 1].end
    return Preference(
        "text", (text[start:stop].lower(),), None, None, "rather", number, start, stop, text[start:stop]
    )


def _count(words: Sequence[Word], marked: Sequence[bool], spoken: Sequence[Trigger]) -> int | None:
    """How many items are asked for: "three films", "top 5", "just one"."""
    past = [(end, kinds) for _, end, kinds in spoken if "past" in kinds]
    for position, word in enumerate(words):
        number = _NUMBERS.get(word.plain) or (
            int(word.plain) if word.plain.isdecimal() and len(word.plain) < 3 else 0
        )
        if not 0 < number <= 50:
            continue
        before = words[position - 1].plain if position and not word.boundary else ""
        if before == "top" or (before == "best" and number > 1):
            return number
        behind = [w for w in words[position + 1 : position + 5]]
        stop = next((at for at, w in enumerate(behind) if w.boundary == 2), len(behind))
        at = next(
            (
                at
                for at, w in enumerate(behind[:stop])
                if w.word in _COUNTED and not (w.word == "one" and number > 1)
            ),
            None,
        )
        if (
            word.plain == "one"
            and before in ("just", "only")
            and (stop == 0 or behind[0].plain not in ("of", "that", "more"))
        ):
            return 1
        if at is None:
            if (
                before in ("me", "us", "about")
                and stop == 0
                and words[position - 2].plain in ("give", "recommend", "show", "suggest", "name")
            ):
                return number
            continue
        if word.plain == "one" and (
            (at == 0 and before not in ("just", "only", "me", "")) or behind[0].plain in ("of", "the")
        ):
            continue
        if before in (
            "last",
            "first",
            "these",
            "those",
            "my",
            "favorite",
            "the",
            "all",
            "seen",
            "watched",
            "other",
        ) or any(end <= position and position - end < 5 for end, _ in past):
            continue
        after = words[position + at + 2].plain if position + at + 2 < len(words) else ""
        if (
            after in ("i", "we", "ive", "that")
            and number
            and words[position + at + 2].boundary == 0
            and after != "that"
        ):
            continue
        asked = not before or any(w.plain in _ASKING for w in words[max(0, position - 6) : position])
        if asked and (number > 1 or word.plain in ("one", "single", "1")):
            return number
    return None


def _references(
    words: Sequence[Word], spoken: Sequence[Trigger], taken: Sequence[bool]
) -> list[tuple[int | None, Role, int, int]]:
    """Items of the list shown last that are spoken of by their place, or as "it" and "those"."""
    found: list[tuple[int | None, Role, int, int]] = []
    plain = [word.plain for word in words]
    for position, word in enumerate(words):
        if taken[position]:
            continue
        place: int | None = None
        first, end = position, position + 1
        after = plain[end] if end < len(words) and not words[end].boundary else ""
        if word.plain in _ORDINALS and (
            after in ("one", "film", "movie", "suggestion", "option", "pick", "game", "recommendation")
            or (
                position
                and plain[position - 1] == "the"
                and (after in ("", "and", "too", "but", "was", "is", "please", "or"))
            )
        ):
            place, end = (
                _ORDINALS[word.plain],
                end
                + bool(
                    after
                    in ("one", "film", "movie", "suggestion", "option", "pick", "game", "recommendation")
                ),
            )
        elif word.plain in ("number", "no", "option") and (
            (after.isdecimal() and len(after) < 3) or after in _NUMBERS
        ):
            place, end = (_NUMBERS.get(after) or int(after)) - 1, end + 1
            if place < 0:
                continue
        elif word.plain in (
            "it",
            "that",
            "them",
            "those",
            "these",
            "both",
            "all",
            "everything",
            "this",
        ) and not (
            word.plain in ("that", "this", "these", "those", "all")
            and after
            not in (
                "",
                "one",
                "ones",
                "already",
                "of",
                "please",
                "and",
                "but",
                "too",
                "instead",
                "i",
                "because",
                "before",
            )
        ):
            if _role(plain, words, position, adjacent=True) is None:
                continue
        else:
            continue
        role = _role(plain, words, first, adjacent=False)
        if role is None and place is not None:
            role = _role_after(plain, words, end)
        if role is not None:
            found.append((place, role, words[first].start, words[end - 1].end))
    if not found and len(words) < 9:
        for at, word in enumerate(words):
            if word.plain in ("seen", "watched", "saw") and (
                at == 0 or plain[at - 1] in ("already", "ive", "i", "have", "weve", "we")
            ):
                if (
                    at + 1 == len(words)
                    or words[at + 1].boundary
                    or plain[at + 1] in ("already", "it", "them", "those", "that")
                ):
                    found.append((None, "seen", word.start, word.end))
                    break
    return found


_BEFORE: dict[str, Role] = {
    "seen": "seen", "saw": "seen", "watched": "seen", "know": "seen", "played": "seen", "own": "seen", "like": "more",
    "loved": "liked", "love": "liked", "enjoyed": "liked", "liked": "liked", "hated": "disliked", "hate": "disliked",
    "disliked": "disliked", "to": "more", "not": "seen", "except": "seen",
}  # fmt: skip


def _role(plain: Sequence[str], words: Sequence[Word], position: int, adjacent: bool) -> Role | None:
    for at in range(position - 1, max(-1, position - (2 if adjacent else 5)), -1):
        if words[at + 1].boundary == 2:
            return None
        word, before = plain[at], plain[at - 1] if at else ""
        if word in ("like", "love", "enjoy") and before in ("dont", "didnt", "not", "doesnt"):
            return "disliked"
        if word == "like" and before in ("i", "we", "really", "would", "id"):
            return "liked"
        if (word == "to" and before != "similar") or (word == "not" and adjacent):
            continue
        if word in _BEFORE and before not in ("havent", "never", "havent"):
            return _BEFORE[word]
    return None


def _role_after(plain: Sequence[str], words: Sequence[Word], end: int) -> Role | None:
    rest = " ".join(plain[end : end + 6])
    if re.match(
        r"(?:is|was|looks|sounds|looked) (?:too |so |really |very |a bit |way )*(?:boring|bad|awful|terrible|scary|dark|sad|violent|slow|long|dull)",
        rest,
    ):
        return "disliked"
    if re.match(
        r"(?:is|was|looks|sounds|looked) (?:really |very |so |pretty )*(?:great|good|nice|perfect|fun|interesting|amazing|closer|close|more like)",
        rest,
    ):
        return "liked"
    return "seen" if re.match(r"i(?:ve)? (?:have |already |just )*(?:seen|watched|know|saw)", rest) else None


def resolved(wish: Preference, today: int) -> Preference:
    """Years that count from this year, as years."""
    if wish.facet != "years":
        return wish
    low = wish.low + today if wish.low is not None and wish.low <= 0 else wish.low
    high = wish.high + today if wish.high is not None and wish.high <= 0 else wish.high
    return replace(wish, low=low, high=high)
