"""Tokens of a message: words in the plain form in which cues are written, and those of film titles."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

from safecrs.storage import read_toml

_WORD = re.compile(
    r"w/o\b|[^\W_]+(?:(?:'|[*@$]+)[^\W_]+)*|(?<!\S)[@$][^\W_]{3,}|=|[\u26d4\u274c\U0001f300-\U0001faff]",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.!?;\n…]")
_CLAUSE = re.compile(r"[,\[\]/—–]|\s-+\s")
_APOSTROPHES = frozenset("’‘´`ʼ′ʹ＇‛")
_MIXED = re.compile(r"[^\W\d_]*[A-Za-z][^\W\d_]*")
_LEET = re.compile(r"(?<=[a-z])[0134579@$]{1,2}(?=[a-z])|^[@$](?=[a-z])")
_YEAR = re.compile(r"\((?:19|20)\d\d\)")
_QUOTED = re.compile(r"[\"“](?=[A-Z])[^\"“”\n]{1,80}[\"”]")
_CONTRACTED = frozenset([
    "it", "that", "what", "she", "he", "there", "let", "who", "here", "where", "how", "nobody",
    "when", "this", "children", "kid", "kids", "child", "everyone", "someone",
])  # fmt: skip
"""Words that cues write together with their "s": "it's" is "its", but "scary's" is "scary"."""
_NARROW = 30
"""A text whose longest line is shorter has no wrapped lines."""
_ANSWERS = frozenset(["no", "nope"])
_AFTER_ANSWER = frozenset([
    "i", "im", "ive", "id", "we", "my", "but", "just", "not", "thats", "its", "please", "only", "nothing",
    "dont", "cant", "she", "he", "they", "our", "actually", "sorry", "because", "wait",
])  # fmt: skip
"""After a "no" that begins a message they show that it answers, and negates nothing."""
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


@cache
def _spelling() -> tuple[Mapping[str, str], dict[int, int], dict[int, int]]:
    """Typed word → plain word, and the tables of letters that look alike and of digits for letters."""
    table = read_toml((files("safecrs.detection") / "lexicon" / "spelling.toml").read_text, "spelling.toml")
    letters = table["letters"]
    alike, leet = (str.maketrans(letters[a], letters[b]) for a, b in (("like", "latin"), ("leet", "plain")))
    words: Mapping[str, str] = table["words"]
    return words, alike, leet


def tokenise(text: str) -> list[Token]:
    """Split ``text`` in linear time; "do not" becomes one word, as "don't" is.

    Typographic apostrophes, invisible and full-width letters, letters of other scripts within a word, digits
    for letters and hard-wrapped lines are read as what they stand for; offsets are those of ``text``.
    """
    words, _, leet = _spelling()
    plain, offsets = _plain(text)
    tokens: list[Token] = []
    end = 0
    for match in _WORD.finditer(plain):
        start = match.start()
        raw = match[0]
        word = raw.lower()
        if word.endswith("'s") and word[:-2] not in _CONTRACTED:
            word = word[:-2]
        word = word.replace("'", "")
        word = (
            words.get(raw.lower())
            or words.get(word)
            or _LEET.sub(lambda found: found[0].translate(leet), word)
        )
        word = words.get(word, word)
        between = plain[end:start]
        boundary = 2 if not tokens or _SENTENCE.search(between) else 1 if _CLAUSE.search(between) else 0
        if word == "free" and between == "-":
            word = "xfree"
        end = match.end()
        joined = _JOINED.get((tokens[-1].word, word)) if boundary == 0 else None
        if joined:
            tokens[-1] = tokens[-1]._replace(end=offsets[end - 1] + 1, word=joined)
        else:
            tokens.append(Token(offsets[start], offsets[end - 1] + 1, word, boundary, raw[0].isupper()))
    if len(tokens) > 1 and tokens[0].word in _ANSWERS:
        following = tokens[1]
        if following.boundary or following.word in _AFTER_ANSWER:
            tokens[0] = tokens[0]._replace(word="nah")
    return tokens


def _plain(text: str) -> tuple[str, Sequence[int]]:
    """``text`` in plain letters, and for each of them its place in ``text``."""
    places: Sequence[int] = range(len(text))
    if not text.isascii():
        kept = [
            (place, letter)
            for place, found in enumerate(text)
            if (letter := found if found.isascii() else _letter(found))
        ]
        places = [place for place, _ in kept]
        text = "".join(letter for _, letter in kept)
        text = _MIXED.sub(lambda found: found[0].translate(_spelling()[1]), text)
    elif "`" in text:
        text = text.replace("`", "'")
    return (_unwrapped(text) if "\n" in text else text), places


@cache
def _letter(found: str) -> str:
    """The plain letter for one that is not ASCII; nothing for one that is not seen."""
    if found in _APOSTROPHES:
        return "'"
    if unicodedata.category(found) in ("Cf", "Mn", "Me"):
        return ""
    folded = unicodedata.normalize("NFKC", found)
    return folded if len(folded) == 1 else found


def _unwrapped(text: str) -> str:
    """Line breaks made by a width become spaces: where the next word would not have fitted into the line."""
    lines = text.split("\n")
    width = max(map(len, lines))
    if width < _NARROW:
        return text
    parts = [lines[0]]
    for line, following in pairwise(lines):
        word = following.split(" ", 1)[0]
        wrapped = word and len(line.rstrip()) + 1 + len(word) > width and not word[0].isupper()
        parts += [" " if wrapped or (word in ("I", "I'm") and len(line) + 2 > width) else "\n", following]
    return "".join(parts)


def title_words(text: str, tokens: Sequence[Token]) -> frozenset[int]:
    """Positions of words that look like part of a title ("Suicide Squad"), which discloses nothing.

    That is two or more capitalised words in a row, a quotation that begins with one, or what stands before a
    year in brackets. The first word of a sentence and words in all capitals do not count; a text that is
    mostly capitalised has no titles.
    """
    capital = [_capital(text, token) for token in tokens]
    if sum(capital) > 0.6 * len(tokens):
        return frozenset()
    signs = "".join(
        "C" if great and token.boundary < 2 else "j" if token.word in _JOINING and not token.boundary else " "
        for great, token in zip(capital, tokens, strict=True)
    )
    quoted = [found.span() for found in _QUOTED.finditer(text)]
    starts = [token.start for token in tokens]
    for dated in _YEAR.finditer(text):
        first = last = bisect_left(starts, dated.start())
        while first and (tokens[first - 1].capital or tokens[first - 1].word in _JOINING):
            first -= 1
        quoted.append((tokens[first].start, dated.start()) if first < last else dated.span())
    return frozenset(
        place
        for first, last in [
            *(title.span() for title in _TITLE.finditer(signs)),
            *((bisect_left(starts, start), bisect_left(starts, end)) for start, end in quoted),
        ]
        for place in range(first, last)
    )


def _capital(text: str, token: Token) -> bool:
    shouted = token.end - token.start > 1 and text[token.start : token.end].isupper()
    return token.capital and not shouted and token.word not in _NEVER
