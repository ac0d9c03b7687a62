"""Names that follow from a title: another that it states, and what it is called for short."""

from __future__ import annotations

import re

_PART = re.compile(r":\s+|\s[-–—]\s|(?<=\.\w\.)\s(?=the\s)", re.IGNORECASE)
_OR = re.compile(r",? or: |, or,? | or \(", re.IGNORECASE)
_WORD = re.compile(r"\w[\w'’]*")
_LONG = 6
"""Words of a subtitle that nobody says in full."""
# Words that do not make the part of a title behind a colon a title of its own.
_VAGUE_WORDS = """
a an the of and or in on at to for with by from part pt vol volume chapter episode ep movie film story tale
saga beginning musical documentary i ii iii iv v vi vii viii ix x one two three four five six seven eight nine
ten
1 2 3 4 5 6 7 8 9 10
"""
_VAGUE = frozenset(_VAGUE_WORDS.split())


def stated_name(title: str) -> str:
    """The first of two names that a title states: "Dr. Strangelove or: How I Learned…"; else the title."""
    return _OR.split(title, maxsplit=1)[0]


def short_titles(title: str) -> list[str]:
    """Parts of a title that it may be called by, where nothing else is: before a colon or dash, or behind it.

    "Star Wars: Episode IV - A New Hope" gives "Star Wars", "A New Hope", "Star Wars A New Hope" and so on. A
    part needs two words that say something ("Part Two" does not), unless all behind it is long ("Borat: …").
    """
    parts = _PART.split(title)
    if len(parts) < 2:
        return []
    shorts = {" ".join(parts[:-1]), f"{parts[0]} {parts[-1]}", " ".join(parts[1:]), parts[0], parts[-1]}
    telling = {short for short in shorts if len(set(_WORD.findall(short.casefold())) - _VAGUE) > 1}
    if len(_WORD.findall(" ".join(parts[1:]))) >= _LONG:
        telling.add(parts[0])
    return sorted(telling)
