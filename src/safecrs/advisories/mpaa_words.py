"""The lexicon of MPAA reasons (``mpaa_reason.toml``), compiled for longest-match lookup."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Literal

Kind = Literal[
    "raise", "lower", "brief", "after", "head", "image", "link", "and", "young", "child", "no", "all",
    "silent", "sense",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sense:
    """What a content word speaks of; the fields are explained in the lexicon."""

    says: Mapping[str, float]
    topics: tuple[str, ...] = ()
    shown_topics: tuple[str, ...] = ()
    strong_topics: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    raises: float = 0.0
    anywhere: bool = False
    adjective: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One word or phrase: its kind, the number of a degree or head, the sense of a content word."""

    kind: Kind
    value: float = 0.0
    sense: Sense | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """What a rating implies: severity of a plain mention, and the highest that a reason can reach."""

    base: float
    highest: int


@dataclass(frozen=True)
class Lexicon:
    """Phrases by their words; the longest phrase that starts with each word; misspellings; rating levels."""

    phrases: Mapping[tuple[str, ...], Entry]
    longest: Mapping[str, int]
    spelling: Mapping[str, tuple[str, ...]]
    levels: Mapping[str, Level]

    def match(self, words: Sequence[str], start: int) -> tuple[int, Entry] | None:
        """The longest entry at ``words[start]`` and how many words it takes; None for an unknown word.

        A plural "s" at its end is understood.
        """
        first = words[start]
        longest = max(self.longest.get(first, 0), self.longest.get(first.removesuffix("s"), 0))
        for size in range(min(longest, len(words) - start), 0, -1):
            phrase = tuple(words[start : start + size])
            entry = self.phrases.get(phrase) or self.phrases.get((*phrase[:-1], phrase[-1].removesuffix("s")))
            if entry is not None:
                return size, entry
        return None


_GRADED: dict[str, Kind] = {
    "raises": "raise",
    "lowers": "lower",
    "brief": "brief",
    "after": "after",
    "heads": "head",
    "images": "image",
}
_LISTED: dict[str, Kind] = {
    "words": "link",
    "and": "and",
    "young": "young",
    "children": "child",
    "negation": "no",
    "everything": "all",
}


@cache
def load_lexicon() -> Lexicon:
    """The shipped lexicon.

    Raises:
        ValueError: it gives one phrase two meanings.
    """
    text = (files("safecrs.advisories") / "mpaa_reason.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    phrases: dict[tuple[str, ...], Entry] = {}
    longest: dict[str, int] = {}
    for phrase, entry in _entries(table):
        words = tuple(phrase.split())
        if words in phrases:
            raise ValueError(f"mpaa_reason.toml gives {phrase!r} two meanings")
        phrases[words] = entry
        longest[words[0]] = max(len(words), longest.get(words[0], 0))
    return Lexicon(
        phrases,
        longest,
        {word: tuple(right.split()) for word, right in table["spelling"].items()},
        {rating: Level(**level) for rating, level in table["rating"].items()},
    )


def _entries(table: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    for section, graded in _GRADED.items():
        for value, words in table[section].items():
            yield from ((word, Entry(graded, float(value))) for word in words)
    for name, listed in _LISTED.items():
        yield from ((word, Entry(listed)) for word in table["links"][name])
    yield from ((word, Entry("silent")) for word in table["silent"]["words"])
    for group in table["sense"]:
        fields: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in group.items() if name != "words"
        }
        yield from ((word, Entry("sense", sense=Sense(**fields))) for word in group["words"])


@lru_cache(maxsize=4096)
def mended(word: str) -> str | None:
    """The lexicon's long word that ``word`` misspells by one letter, None when there is none."""
    if len(word) < 6:
        return None
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = [known for known in load_lexicon().longest if len(known) > 5 and known[0] == word[0]]
    found = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=1)
    return str(found[0]) if found else None
