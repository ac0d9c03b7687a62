"""The lexicon of MPAA reasons (``mpaa_reason.toml``) with longest-match lookup."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Entry:
    """The meaning of a word or phrase.

    Attributes:
        kind: the section: "raise", "lower", "brief", "after", "head", "image", a key of [plain], "sense", or
            "unread" for a word that the lexicon lacks.
        value: the number of a degree or head; all other fields belong to senses.
    """

    kind: str
    value: float = 0.0
    says: Mapping[str, float] = field(default_factory=dict)
    topics: Sequence[str] = ()
    shown_topics: Sequence[str] = ()
    strong_topics: Sequence[str] = ()
    images: Sequence[str] = ()
    raises: float = 0.0
    anywhere: bool = False
    adjective: bool = False


@dataclass(frozen=True)
class Lexicon:
    """Entries by their words; the longest entry that starts with each word; respellings; rating levels."""

    phrases: Mapping[tuple[str, ...], Entry]
    longest: Mapping[str, int]
    spelling: Mapping[str, Sequence[str]]
    levels: Mapping[str, tuple[float, int]]

    def match(self, words: Sequence[str], start: int) -> tuple[int, Entry]:
        """Length and entry of the longest phrase at ``words[start]``.

        Plurals in "s" match their singular; a long word may have one wrong letter.
        """
        for spell in (str, _respelled):
            first = spell(words[start])
            longest = max(self.longest.get(first, 0), self.longest.get(first.removesuffix("s"), 0))
            for size in range(min(longest, len(words) - start), 0, -1):
                phrase = (first, *words[start + 1 : start + size])
                singular = (*phrase[:-1], phrase[-1].removesuffix("s"))
                if entry := self.phrases.get(phrase) or self.phrases.get(singular):
                    return size, entry
        return 1, Entry("unread")


@cache
def load_lexicon() -> Lexicon:
    """The shipped lexicon."""
    table = tomllib.loads((files("safecrs.advisories") / "mpaa_reason.toml").read_text(encoding="utf-8"))
    grouped = [
        (words, Entry(kind, float(value)))
        for kind, values in table["graded"].items()
        for value, words in values.items()
    ]
    grouped += [(words, Entry(kind)) for kind, words in table["plain"].items()]
    grouped += [(sense.pop("words"), Entry("sense", **sense)) for sense in table["sense"]]
    phrases = {tuple(phrase.split()): entry for words, entry in grouped for phrase in words}
    longest: dict[str, int] = {}
    for first, *rest in phrases:
        longest[first] = max(1 + len(rest), longest.get(first, 0))
    spelling = {word: right.split() for word, right in table["spelling"].items()}
    return Lexicon(phrases, longest, spelling, table["rating"])


@lru_cache(maxsize=4096)
def _respelled(word: str) -> str:
    """The lexicon's word of six letters or more that differs from ``word`` in one letter at most, else ""."""
    if len(word) < 6:
        return ""
    from rapidfuzz import process
    from rapidfuzz.distance import OSA

    near = [known for known in load_lexicon().longest if len(known) > 5 and known[0] == word[0]]
    found = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=1)
    return str(found[0]) if found else ""
