"""How old somebody is who watches along: the age that the words name, or the one that is usual for them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from safecrs.detection.tokens import Token

_BEFORE, _BEHIND = 2, 6
"""Words around the mention of somebody in which an age is theirs."""
_NUMBER = re.compile(r"(\d{1,2})(?:yo|yrs?|th|st|nd|rd)?")
_NAMES = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen",
]  # fmt: skip
_AGES = {name: age for age, name in enumerate(_NAMES, start=1)}
_ORDINALS = {word: age for age, word in enumerate(["first", "second", "third", "fourth", "fifth"], start=6)}
_STAGES = {
    **dict.fromkeys(("baby", "babies"), 1),
    **dict.fromkeys(("toddler", "toddlers", "tots"), 3),
    **dict.fromkeys(("preschool", "preschooler", "preschoolers", "little", "littles", "wee"), 4),
    **dict.fromkeys(("kindergarten", "kindergarteners", "kindergartners", "kindergartener"), 5),
    **dict.fromkeys(("tween", "tweens"), 11),
}
_OTHER_UNITS = frozenset(
    [
        "minute", "minutes", "min", "mins", "hour", "hours", "film", "films", "movie", "movies", "player",
        "players", "game", "games", "month", "months", "week", "weeks", "day", "days", "night", "nights",
        "times", "kids", "children", "boys", "girls", "people", "of", "star", "stars", "more", "other", "big",
        "small", "one", "ones", "thing", "things", "controller", "family", "legged",
    ]
)  # fmt: skip
_NO_AGE_BEFORE = frozenset(
    ["the", "little", "small", "younger", "older", "big", "this", "that", "which", "number", "at"]
)
_SCHOOL = frozenset(["grade", "grader", "graders"])
_OLDEST = 17


def read_age(tokens: Sequence[Token], start: int, end: int, usual: int) -> int:
    """The youngest age named in or beside the words, else that of a stage of life, else ``usual``."""
    ages: dict[bool, list[int]] = {True: [], False: []}
    stages = []
    for position in range(max(0, start - _BEFORE), min(len(tokens), end + _BEHIND)):
        token, following = tokens[position], tokens[position + 1].word if position + 1 < len(tokens) else ""
        inside = start <= position < end
        if position >= end and token.boundary == 2:
            break
        if inside and token.word in _STAGES:
            stages.append(_STAGES[token.word])
        if following in _SCHOOL and token.word in _ORDINALS:
            ages[inside].append(_ORDINALS[token.word])
        elif inside and token.word == "year" and following.isdecimal():
            ages[inside].append(int(following) + 4)  # a British school year
        elif following not in _OTHER_UNITS and following not in _SCHOOL:
            number = _NUMBER.fullmatch(token.word)
            age = int(number[1]) if number else _AGES.get(token.word, 0)
            before = tokens[position - 1].word if position else ""
            ordinary = (not number and before in _NO_AGE_BEFORE) or (before == "year" and bool(number))
            if 0 < age <= _OLDEST and (inside or token.boundary < 2) and not ordinary:
                ages[inside].append(age)
    both = ages[True] + ages[False] if ages[True] else []
    return min(both or stages or ages[False] or [usual])
