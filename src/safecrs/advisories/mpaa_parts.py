"""An MPAA reason cut into parts: one thing said each, with its degrees, before they are shared out.

Parts are divided by commas, "and", "/", "for" and words like "including"; what is in brackets (certificates,
re-ratings) is passed over.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from safecrs.advisories.mpaa_words import Entry, Lexicon, Sense, load_lexicon, mended

Joiner = Literal["start", "and", ",", "link"]

_TOKEN = re.compile(r"[a-z0-9][a-z0-9']*|[,;:.()/&]|(?<=\s)-(?=\s)|--|-(?=\s?all\b)")
_RATING = r"(?:nc\s?-?\s?17|pg\s?-?\s?13|pg|g|r|x)"
_HEAD = re.compile(
    rf"[^a-z0-9]*(?:n:\s*)?(?:(?:rate[dr]\s+)?({_RATING})(?:\s+rated)?\b|rate[dr]\b)"
    r"(?:\s*[-:]+)?(?:\s*on appeal)?\s*",
)
_BARE_HEAD = re.compile(rf"[^a-z0-9]*{_RATING}\b\s*(?!rated|for|on appeal|[-:]|$)\S")


class Token(NamedTuple):
    """A word, or a dividing mark, and where it stands in the reason."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class Part:
    """One thing said.

    Attributes:
        joiner: what divides it from the part before; "start" after a stop, at the beginning and after "for".
        raises, lowers, brief: its own degrees; after: of a "throughout" behind it.
        head, image: what its head noun takes away; ``headed``: it has one.
        waits: it ends in an adjective, whose head may follow in the next part.
        young, child, everything: it speaks of minors; of children; of "all" that was named.
        unread: it holds a word that the lexicon lacks.
    """

    joiner: Joiner
    start: int
    end: int = 0
    senses: list[Sense] = field(default_factory=list)
    raises: list[float] = field(default_factory=list)
    lowers: list[float] = field(default_factory=list)
    brief: list[float] = field(default_factory=list)
    after: float = 0.0
    head: float = 0.0
    image: float | None = None
    headed: bool = False
    waits: bool = False
    negated: bool = False
    young: bool = False
    child: bool = False
    everything: bool = False
    unread: bool = False

    @property
    def graded(self) -> bool:
        """It has a degree of its own before its words."""
        return bool(self.raises or self.lowers or self.brief)

    def take(self, entry: Entry) -> None:
        """Take in a word or phrase."""
        kind, value = entry.kind, entry.value
        if entry.sense is not None:
            self.senses.append(entry.sense)
        elif kind in ("raise", "lower", "brief"):
            {"raise": self.raises, "lower": self.lowers, "brief": self.brief}[kind].append(value)
        elif kind == "after":
            self.after = max(self.after, value)
        elif kind == "head":
            self.head, self.headed = min(self.head, value), True
        elif kind == "image":
            self.image, self.headed = min(self.image or 0.0, value), True
        self.young |= kind in ("young", "child")
        self.child |= kind == "child"
        self.everything |= kind == "all"
        self.negated |= kind == "no"
        self.waits = entry.sense.adjective if entry.sense is not None else self.waits and kind == "silent"


_UNRATED = re.compile(r"\W*(?:not (?:yet )?rated|unrated|nr)\W*")


def plain(reason: str) -> str:
    """``reason`` in lower case, without accents, with plain quotes and dashes; as long as it was."""
    lowered = reason.lower() if reason.isascii() else "".join(map(_plain, reason))
    return lowered.translate(str.maketrans("‘’“”–—\xa0", "''\"\"-- "))


def _plain(char: str) -> str:
    low = unicodedata.normalize("NFD", char.lower())[:1]
    return low or char


def rating_and_body(text: str) -> tuple[str | None, int]:
    """The rating that a `plain` reason begins with, and where its words begin."""
    if _UNRATED.fullmatch(text):
        return None, len(text)
    if _BARE_HEAD.match(text) and not re.match(r"[^a-z0-9]*(?:nc|pg)", text):
        return None, 0  # "g" or "r" as some other word
    match = _HEAD.match(text)
    if match is None:
        return None, 0
    named = re.sub(r"[\s-]", "", match[1] or "")
    rating = {"nc17": "NC-17", "x": "NC-17", "pg13": "PG-13"}.get(named, named.upper()) or None
    return rating, match.end()


def tokens(text: str, start: int, lexicon: Lexicon) -> Iterator[Token]:
    """Words and dividing marks from ``start``; brackets and misspellings are dealt with."""
    depth = 0
    for match in _TOKEN.finditer(text, start):
        word = match[0]
        if word in "()":
            depth = depth + 1 if word == "(" else max(0, depth - 1)
        elif depth:
            continue
        elif word[0].isalnum():
            for right in lexicon.spelling.get(word, (word,)):
                yield Token(right, match.start(), match.end())
        else:
            yield Token({"&": "and"}.get(word, word), match.start(), match.end())


def parts_of(text: str, start: int) -> list[Part]:
    """The parts of a `plain` reason, from ``start``; empty ones are left out."""
    lexicon = load_lexicon()
    found = list(tokens(text, start, lexicon))
    words = [token.text for token in found]
    parts: list[Part] = []
    part = Part("start", start)
    used = False

    def divide(joiner: Joiner, at: int) -> None:
        nonlocal part, used
        if used:
            parts.append(part)
        elif part.joiner in ("start", "link") and joiner == "and":
            joiner = part.joiner
        if not used and part.joiner == "," and joiner == "and":
            joiner = ","  # ", and"
        part, used = Part(joiner, at), False

    position = 0
    while position < len(found):
        token = found[position]
        if token.text == "/":
            divide("and", token.end)
        elif not token.text[0].isalnum():
            divide(",", token.end)
        elif token.text == "for":
            divide("start", token.end)
        else:
            match = lexicon.match(words, position)
            if match is None and (right := mended(token.text)) is not None:
                words[position] = right
                match = lexicon.match(words, position)
            size, entry = match or (1, None)
            end = found[position + size - 1].end
            if entry is not None and entry.kind in ("and", "link"):
                divide("and" if entry.kind == "and" else "link", end)
            else:
                if entry is not None and entry.kind == "no":
                    divide("link", token.start)
                if not used:
                    part.start, used = token.start, True
                part.end = end
                if entry is None:
                    part.unread, part.waits = True, False
                else:
                    part.take(entry)
            position += size
            continue
        position += 1
    divide("start", len(text))
    return parts
