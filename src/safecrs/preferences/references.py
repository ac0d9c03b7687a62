"""How many items a message asks for, and which of the list shown before it speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from safecrs.preferences.base import Role
from safecrs.preferences.lexicon import word_class
from safecrs.preferences.scope import Trigger
from safecrs.preferences.words import Word

NUMBERS = {
    **{"one": 1, "single": 1, "two": 2, "couple": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7},
    **{"eight": 8, "nine": 9, "ten": 10, "dozen": 12, "twelve": 12, "fifteen": 15, "twenty": 20},
}
_ORDINALS = {
    **{"first": 0, "1st": 0, "second": 1, "2nd": 1, "third": 2, "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4},
    **{"5th": 4, "sixth": 5, "6th": 5, "seventh": 6, "eighth": 7, "ninth": 8, "tenth": 9},
    **{"last": -1, "final": -1, "top": 0},
}
_ROLES: dict[str, Role] = {
    **dict.fromkeys(("seen", "saw", "watched", "know", "played", "own", "not", "except"), "seen"),
    **dict.fromkeys(("like", "to"), "more"),
    **dict.fromkeys(("loved", "love", "enjoyed", "liked"), "liked"),
    **dict.fromkeys(("hated", "hate", "disliked"), "disliked"),
}
_MOST, _SHORT, _LOOK, _COUNT_LOOK = 50, 9, 5, 6
_LOOKED = "(?:is|was|looks|sounds|looked) "
_JUDGED: tuple[tuple[re.Pattern[str], Role], ...] = (
    (
        re.compile(
            _LOOKED + "(?:too |so |really |very |a bit |way )*"
            "(?:boring|bad|awful|terrible|scary|dark|sad|violent|slow|long|dull)"
        ),
        "disliked",
    ),
    (
        re.compile(
            _LOOKED + "(?:really |very |so |pretty )*"
            "(?:great|good|nice|perfect|fun|interesting|amazing|closer|close|more like)"
        ),
        "liked",
    ),
    (re.compile("i(?:ve)? (?:have |already |just )*(?:seen|watched|know|saw)"), "seen"),
)


class Reference(NamedTuple):
    """An item of the list shown last: its place (None = all of them), and where the text says so."""

    place: int | None
    role: Role
    start: int
    end: int


def find_count(words: Sequence[Word], triggers: Sequence[Trigger]) -> int | None:
    """How many items are asked for: "three films", "top 5", "just one"."""
    past = {position for _, end, kinds in triggers if "past" in kinds for position in range(end, end + 5)}
    for position, word in enumerate(words):
        small = word.plain.isdecimal() and len(word.plain) < 3
        number = NUMBERS.get(word.plain) or (int(word.plain) if small else 0)
        if 0 < number <= _MOST and position not in past and _counts(words, position, number):
            return number
    return None


def _counts(words: Sequence[Word], position: int, number: int) -> bool:
    one, word = number == 1, words[position]
    before = words[position - 1].plain if position and not word.boundary else ""
    if before == "top" or (before == "best" and not one):
        return True
    behind: list[Word] = []
    for other in words[position + 1 : position + 5]:
        if other.boundary == 2:
            break
        behind.append(other)
    after = behind[0].plain if behind else ""
    if word.plain == "one" and before in ("just", "only"):
        return after not in ("of", "that", "more")
    if behind and behind[0].word in ("hour", "minute", "year", "day", "week", "month", "hr", "min"):
        return False
    counted, nouns = word_class("counted"), [other.word for other in behind]
    at = next((n for n, noun in enumerate(nouns) if noun in counted and (one or noun != "one")), None)
    if at is None:
        lead = words[position - 2].plain if position > 1 else ""
        return not behind and before in ("me", "us", "about") and lead in word_class("counting")
    if one and (
        (word.plain not in NUMBERS and word.plain != "1") or after in ("of", "the") or (at == 0 and before)
    ):
        return False
    follows = behind[at + 1] if at + 1 < len(behind) else None
    if before in word_class("not_counted_after") or (
        follows and not follows.boundary and follows.plain in ("i", "we", "ive")
    ):
        return False
    near = {other.plain for other in words[max(0, position - _COUNT_LOOK) : position]}
    return not before or bool(near & word_class("asking"))


def find_references(words: Sequence[Word], taken: Sequence[bool]) -> list[Reference]:
    """Items that are spoken of by their place in the list, or as "it" and "those"."""
    plain = [word.plain for word in words]
    found = [reference for at in range(len(words)) if not taken[at] for reference in _at(words, plain, at)]
    if not found and len(words) < _SHORT:
        for at, word in enumerate(words):
            begins = at == 0 or plain[at - 1] in ("already", "ive", "i", "have", "weve", "we")
            ends = at + 1 == len(words) or words[at + 1].boundary or plain[at + 1] == "already"
            if word.plain in ("seen", "watched", "saw") and begins and ends:
                return [Reference(None, "seen", word.start, word.end)]
    return found


def _at(words: Sequence[Word], plain: Sequence[str], at: int) -> Iterator[Reference]:
    word, end, place = words[at], at + 1, None
    after = plain[end] if end < len(words) and not words[end].boundary else ""
    if word.plain in _ORDINALS:
        noun = after in word_class("item_nouns")
        if not noun and not (
            at and plain[at - 1] == "the" and (not after or after in word_class("after_place"))
        ):
            return
        place, end = _ORDINALS[word.plain], end + noun
    elif word.plain in ("number", "no", "option"):
        number = NUMBERS.get(after) or (int(after) if after.isdecimal() and len(after) < 3 else 0)
        if not number:
            return
        place, end = number - 1, end + 1
    elif word.plain in word_class("pointing"):
        bound = word.plain in word_class("pointing_first") and after
        if (bound and after not in word_class("after_pointing")) or _role(words, plain, at, 1) is None:
            return
    else:
        return
    role = _role(words, plain, at, 4)
    if role is None and place is not None:
        rest = " ".join(plain[end : end + _LOOK + 1])
        role = next((judged for pattern, judged in _JUDGED if pattern.match(rest)), None)
    if role is not None:
        yield Reference(place, role, word.start, words[end - 1].end)


def _role(words: Sequence[Word], plain: Sequence[str], position: int, look: int) -> Role | None:
    """What the words before say of an item."""
    for at in range(position - 1, max(-1, position - 1 - look), -1):
        if words[at + 1].boundary == 2:
            return None
        word, before = plain[at], plain[at - 1] if at else ""
        if word in ("like", "love", "enjoy") and before in ("dont", "didnt", "not", "doesnt"):
            return "disliked"
        if word == "like" and before in ("i", "we", "really", "would", "id"):
            return "liked"
        if (word == "to" and before != "similar") or (word == "not" and look == 1):
            continue
        if word in _ROLES and before not in ("havent", "never"):
            return _ROLES[word]
    return None
