"""What a message asks for in words that no vocabulary holds: "about beekeeping", "a Wakandan film"."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.preferences.lexicon import ordinary_words, word_class
from safecrs.preferences.scope import NOUNS
from safecrs.preferences.words import Word

_LEADS = frozenset(
    [
        *(("set", word) for word in ("in", "on", "during", "at")),
        *(("based", "on"), ("dealing", "with"), ("deal", "with"), ("in", "which")),
        *(("revolving", "around"), ("centered", "around")),
    ]
)
"""Two words behind which a description stands."""
_ITEMS = frozenset(["movy", "film", "flick", "game", "something", "one"])
_CLAUSE, _PHRASE, _MOST = 10, 5, 6
"""Words of "where …" and of "about …" that are read; descriptions of a message."""


def describe(words: Sequence[Word], known: Sequence[bool]) -> list[tuple[int, int, bool]]:
    """First word, word behind, and whether it is denied, of each description.

    Args:
        known: for each word whether it is understood already.
    """
    found: list[tuple[int, int, bool]] = []
    for position in range(len(words)):
        if len(found) < _MOST and not known[position]:
            wanted = _topic(words, known, position) or _modifier(words, known, position)
            found += [(*span, False) for span in wanted]
            found += [(*span, True) for span in _denied(words, known, position)]
    return found


def _denied(words: Sequence[Word], known: Sequence[bool], position: int) -> list[tuple[int, int]]:
    """A word that nobody knows behind "no" or "without"."""
    end = position + 1
    if (
        words[position].plain not in ("no", "without")
        or end >= len(words)
        or words[end].boundary
        or known[end]
    ):
        return []
    unusual = words[end].word not in ordinary_words() and words[end].word.isalpha()
    return [(end, end + 1)] if unusual else []


def _topic(words: Sequence[Word], known: Sequence[bool], position: int) -> list[tuple[int, int]]:
    """What stands behind "about", "where", "set in" …"""
    word, before = words[position].plain, words[max(0, position - 5) : position]
    begin = position + 1 if word in word_class("about") else 0
    if word == "with" and position and (known[position - 1] or words[position - 1].word in _ITEMS):
        owned = words[position + 1 : position + 2]
        begin = position + 1 if owned and owned[0].plain not in word_class("owners") else 0
    if not begin and (word, words[position + 1].plain if position + 1 < len(words) else "") in _LEADS:
        begin = position + 2
    asked = any(other.word in NOUNS or other.word == "want" for other in before) or any(
        known[max(0, position - 3) : position]
    )
    talk = word in ("about", "where") and before and before[-1].plain in word_class("no_topic_after")
    if not begin or not asked or talk:
        return []
    clause, end = word in ("where", "in"), begin
    while end < len(words) and end - begin < (_CLAUSE if clause else _PHRASE) and not words[end].boundary:
        if known[end]:
            return []
        if not clause and words[end].plain in word_class("reading_stops"):
            break
        end += 1
    told = {other.plain for other in words[begin:end]} - word_class("empty_topics")
    return [(begin, end)] if told else []


def _modifier(words: Sequence[Word], known: Sequence[bool], position: int) -> list[tuple[int, int]]:
    """A word that nobody knows before "film"."""
    word = words[position]
    if (
        word.word not in ("movy", "film", "flick", "game")
        or not position
        or word.boundary
        or known[position - 1]
    ):
        return []
    one = words[position - 1]
    usual = one.word in ordinary_words() or one.word in NOUNS or one.plain.endswith("ly")
    return [] if usual or len(one.word) < 4 or not one.word.isalpha() else [(position - 1, position)]
