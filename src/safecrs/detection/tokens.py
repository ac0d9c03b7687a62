"""Tokens of a message: words in the plain form in which cues are written, with their positions."""

from __future__ import annotations

import re
from typing import NamedTuple

_WORD = re.compile(r"w/o\b|[^\W_]+(?:['’ʼ`][^\W_]+)*", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?;\n…]")
_CLAUSE = re.compile(r"[,\[\]/—–]|\s-+\s")
_SPELLED = {"w/o": "without", "plz": "please", "pls": "please", "cannot": "cant", "wanna": "want"}
_VERBS = ("do", "does", "did", "is", "are", "was", "were", "could", "would", "should", "has", "have")
_JOINED = {(verb, "not"): f"{verb}nt" for verb in _VERBS} | {
    ("can", "not"): "cant",
    ("will", "not"): "wont",
    ("i", "am"): "im",
}
"""Two words in a row that become one."""


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
        joined = _JOINED.get((tokens[-1].word, word)) if boundary == 0 else None
        if joined:
            tokens[-1] = tokens[-1]._replace(end=end, word=joined)
        else:
            tokens.append(Token(start, end, word, boundary, raw[0].isupper()))
    return tokens
