"""Tokens of a message: words in the plain form in which cues are written, and those of film titles."""

from __future__ import annotations

import re
from collections.abc import Sequence
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
_JOINING = frozenset([
    "of", "the", "a", "an", "and", "in", "on", "for", "to", "with", "from", "at", "is", "no", "be", "not",
    "s", "n",
])  # fmt: skip
_NEVER = frozenset(["i", "im", "ive", "id", "ill", "tv", "dvd", "netflix", "hulu", "hbo", "amazon"])
_TITLE = re.compile("C[Cj]*C")
"""Words that begin with a capital (C), possibly joined by small ones (j)."""


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


def title_words(text: str, tokens: Sequence[Token]) -> frozenset[int]:
    """Positions of words that look like part of a title ("Suicide Squad"), which discloses nothing.

    That is two or more capitalised words in a row. The first word of a sentence and words in all capitals do
    not count; a text that is mostly capitalised has no titles.
    """
    capital = [_capital(text, token) for token in tokens]
    if sum(capital) > 0.6 * len(tokens):
        return frozenset()
    signs = "".join(
        "C" if great and token.boundary < 2 else "j" if token.word in _JOINING and not token.boundary else " "
        for great, token in zip(capital, tokens, strict=True)
    )
    return frozenset(place for title in _TITLE.finditer(signs) for place in range(*title.span()))


def _capital(text: str, token: Token) -> bool:
    shouted = token.end - token.start > 1 and text[token.start : token.end].isupper()
    return token.capital and not shouted and token.word not in _NEVER
