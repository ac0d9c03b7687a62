"""Words of a message in the form in which the lexicon and the names of a catalog are compared with them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from typing import NamedTuple

_WORD = re.compile(r"w/o?(?![^\W_])|(?<= )\+(?= )|[^\W_]+(?:['’´`][^\W_]+)*", re.IGNORECASE)
_SENTENCE = re.compile(r"[.!?;\n…]")
_CLAUSE = re.compile(r"[,:()\[\]–—]|\s-+\s")
_APOSTROPHES = str.maketrans("", "", "'’´`")
_SIGNS = {n: None if chr(n) in "'`" else " " for n in range(128) if not chr(n).isalnum()}
_SPELLED = {
    "+": "and",
    "w/": "with",
    "w/o": "without",
    "cannot": "cant",
    "pls": "please",
    "plz": "please",
    "moive": "movie",
}
_BEFORE_NOT = frozenset(
    ["do", "does", "did", "is", "are", "was", "were", "could", "would", "has", "have", "had", "should", "can"]
)
_ABBREVIATED = frozenset(["mr", "mrs", "ms", "dr", "st", "vs", "vol"])
_KEPT = frozenset(["news", "series"])
_PART = re.compile(r"\(([^()]*)\)(\??)|([^\s()?]+)(\??)")


class Word(NamedTuple):
    """``text[start:end]``: ``plain`` is lower-case without apostrophes, ``word`` its folded singular."""

    start: int
    end: int
    plain: str
    word: str
    boundary: int
    """What is before it: 0 nothing, 1 a comma or the like, 2 the end of a sentence (or nothing at all)."""
    capital: bool


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """Without accents and without the ending of a plural, the same for "movie" and "movies"."""
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    if len(word) < 4 or word[0].isdigit() or word in _KEPT:
        return word
    if word[-1] == "s" and word[-2] not in "s":
        word = word[:-1]
    if word.endswith("ie"):
        return word[:-2] + "y"
    return word[:-1] if word.endswith(("xe", "che", "she", "sse", "oe")) else word


def split_words(text: str) -> list[Word]:
    """The words of ``text``, in linear time; "do not" is one word as "don't" is, hyphens separate words."""
    words: list[Word] = []
    end = 0
    for match in _WORD.finditer(text):
        start, raw, between = match.start(), match[0], text[end : match.start()]
        plain = raw.lower().translate(_APOSTROPHES)
        plain = _SPELLED.get(plain, plain)
        boundary = 2 if not words or _SENTENCE.search(between) else 1 if _CLAUSE.search(between) else 0
        if boundary == 2 and words and between == ". " and _shortened(words[-1]):
            boundary = 0
        end = match.end()
        if not boundary and plain in ("not", "am"):
            last = words[-1]
            joined = f"{last.plain}nt" if plain == "not" and last.plain in _BEFORE_NOT else ""
            joined = "im" if plain == "am" and last.plain == "i" else "cant" if joined == "cannt" else joined
            if joined:
                words[-1] = last._replace(end=end, plain=joined, word=joined)
                continue
        words.append(Word(start, end, plain, fold(plain), boundary, raw[0].isupper()))
    return words


def _shortened(word: Word) -> bool:
    """Whether a full stop behind the word ends no sentence: "Samuel L. Jackson", "Dr. Strangelove"."""
    initial = len(word.plain) == 1 and word.capital and word.plain not in "ig" and not word.plain.isdigit()
    return initial or word.plain in _ABBREVIATED


def key_of(text: str) -> str:
    """The folded words of a name or phrase, separated by spaces."""
    plain = text.lower()
    if plain.isascii() and " not" not in plain and "am" not in plain.split():
        return " ".join(map(fold, plain.translate(_SIGNS).split()))  # the same, for many names
    return " ".join(word.word for word in split_words(text))


def expanded(phrase: str) -> Iterator[str]:
    """The keys of a phrase with alternatives "(a|b c)" and optional parts "x?"."""
    parts = [
        [*(group.split("|") if group else [word]), *([""] if optional or missing else [])]
        for group, optional, word, missing in _PART.findall(phrase)
    ]
    return (key for choice in product(*parts) if (key := key_of(" ".join(choice))))
