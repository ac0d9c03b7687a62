"""Tokens of a message: words in the plain form in which cues are written, with their positions."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"w/o\b|[^\W_]+(?:['’ʼ`][^\W_]+)*", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?;\n…]")
_CLAUSE = re.compile(r"[,\[\]/—–]|\s-+\s")
_SPELLED = {"w/o": "without", "plz": "please", "pls": "please", "cannot": "cant", "wanna": "want"}
_BEFORE_NOT = {
    **{
        verb: f"{verb}nt"
        for verb in ("do", "does", "did", "is", "are", "was", "were", "could", "would", "has")
    },
    "can": "cant",
    "will": "wont",
    "have": "havent",
    "should": "shouldnt",
}


class Token(NamedTuple):
    """One word: ``text[start:end]``, lower case without apostrophes, and the boundary before it."""

    start: int
    end: int
    word: str
    boundary: int
    """0 nothing, 1 a comma or the like, 2 the end of a sentence (also the start of the text)."""
    capital: bool


def tokenise(text: str) -> list[Token]:
    """Split ``text`` in linear time; "do not" becomes one word, as "don't" is."""
    tokens: list[Token] = []
    end = 0
    for match in _WORD.finditer(text):
        start = match.start()
        raw = match[0]
        word = raw.lower().replace("'", "").replace("’", "").replace("ʼ", "").replace("`", "")
        word = _SPELLED.get(word, word)
        between = text[end:start]
        boundary = 2 if not tokens or _SENTENCE.search(between) else 1 if _CLAUSE.search(between) else 0
        end = match.end()
        if boundary == 0 and tokens:
            last = tokens[-1]
            if word == "not" and last.word in _BEFORE_NOT:
                tokens[-1] = last._replace(end=end, word=_BEFORE_NOT[last.word])
                continue
            if word == "am" and last.word == "i":
                tokens[-1] = last._replace(end=end, word="im")
                continue
        tokens.append(Token(start, end, word, boundary, raw[0].isupper()))
    return tokens
