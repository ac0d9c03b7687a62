"""The lexicon: the TOML files beside this module, as phrases with what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Generic, NamedTuple, TypeVar, get_args

from safecrs.catalog import Listed
from safecrs.preferences.base import Facet
from safecrs.preferences.words import Word, expanded, key_of
from safecrs.storage import read_toml

_FILES: dict[str, Facet] = {
    "genres": "genres", "moods": "moods", "themes": "themes", "places": "countries", "eras": "years",
    "fame": "fame", "runtime": "runtime", "audience": "audience", "series": "series",
}  # fmt: skip
_FACETS: tuple[Facet, ...] = (*get_args(Listed), "years", "runtime", "audience", "fame", "text")
Meaning = TypeVar("Meaning")


class Wish(NamedTuple):
    """What a phrase asks for; a year that is not positive counts from this year.

    ``denied``: the values are what must not be ("foreign": not in English).
    """

    facet: Facet
    values: tuple[str, ...] = ()
    low: int | None = None
    high: int | None = None
    denied: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What one key of the lexicon means, and its phrases: key → whether it counts only where it describes."""

    name: str
    wishes: tuple[Wish, ...]
    phrases: Mapping[str, bool]


class Phrases(Generic[Meaning]):
    """Finds phrases in words: a dictionary of all phrases, and by first word the lengths to try."""

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        self.meanings = meanings
        lengths: dict[str, set[int]] = {}
        for key in meanings:
            lengths.setdefault(key.partition(" ")[0], set()).add(key.count(" ") + 1)
        self._lengths = {word: tuple(sorted(sizes, reverse=True)) for word, sizes in lengths.items()}

    def find(self, words: Sequence[Word], taken: Sequence[bool] = ()) -> Iterator[tuple[int, int, Meaning]]:
        """From the left the longest phrases, as first word, word behind and meaning; no comma is within."""
        position, folded = 0, [word.word for word in words]
        while position < len(words):
            for length in self._lengths.get(folded[position], ()):
                end = position + length
                if end > len(words) or any(word.boundary for word in words[position + 1 : end]):
                    continue
                found = self.meanings.get(" ".join(folded[position:end]))
                if found is not None and not (taken and any(taken[position:end])):
                    yield position, end, found
                    position = end - 1
                    break
            position += 1


@cache
def entries(games: bool) -> tuple[Entry, ...]:
    """The entries of every file, those of games.toml for games only."""
    found = [entry for name, facet in _FILES.items() for entry in _read(name, facet)]
    return tuple([*_read("games", "genres"), *found] if games else found)


@cache
def place_names() -> dict[tuple[Facet, str], str]:
    """(facet, code) of a country or language → its adjective in English, title case."""
    named: dict[tuple[Facet, str], str] = {}
    for entry in _read("places", "countries"):
        for wish in entry.wishes:
            if len(wish.values) == 1 and not wish.denied:
                named.setdefault((wish.facet, wish.values[0]), entry.name.title())
    return named


@cache
def triggers() -> Phrases[frozenset[str]]:
    """Phrases that govern wishes, with the kinds of each (see ``triggers.toml``)."""
    return phrase_kinds("triggers")


def phrase_kinds(name: str, ending: str = "", other: str = "\n") -> Phrases[frozenset[str]]:
    """The phrases of a file's lists, with the names of those that hold each; of lists with an ending only."""
    kinds: dict[str, set[str]] = {}
    for kind, phrases in _table(name).items():
        if not kind.endswith(ending) or (other and kind.endswith(other)):
            continue
        for key in _keys(phrases):
            kinds.setdefault(key, set()).add(kind)
    return Phrases({key: frozenset(of) for key, of in kinds.items()})


@cache
def nicknames() -> tuple[tuple[str, str], ...]:
    """What people are called besides their names, as keys: the nickname's and the name's."""
    table = _table("people")
    return tuple((key, key_of(name)) for name in table for key in _keys(table[name]))


@cache
def idioms() -> frozenset[str]:
    """Phrases that look like wishes and are none."""
    return frozenset(_keys(_table("idioms")["none"]))


@cache
def word_class(name: str) -> frozenset[str]:
    """A class of single words (``words.toml``)."""
    return frozenset(_table("words")[name].split())


def _phrases_of_words() -> Iterator[str]:
    for entry in entries(True):
        if entry.wishes[0].facet != "series":
            yield from entry.phrases


@cache
def ordinary_words() -> frozenset[str]:
    """Words that the lexicon knows or everybody uses, which are nobody's surname unless written as one."""
    keys = [*idioms(), *triggers().meanings, *_phrases_of_words()]
    listed = (files("safecrs.preferences") / "lexicon" / "ordinary.txt").read_text(encoding="utf-8").split()
    return frozenset(word for key in (*keys, *_keys(listed)) for word in key.split())


@cache
def _table(name: str) -> dict[str, Any]:
    path = files("safecrs.preferences") / "lexicon" / f"{name}.toml"
    return read_toml(path.read_text, path.name)


def _keys(phrases: Iterable[str]) -> Iterator[str]:
    return (key for phrase in phrases for key in expanded(phrase))


def _read(name: str, facet: Facet) -> Iterator[Entry]:
    for key, value in _table(name).items():
        table = {"words": value} if isinstance(value, list) else value
        written = [*table.get("words", ()), *([] if f"~{key}" in table.get("words", ()) else [key])]
        phrases: dict[str, bool] = {}
        for phrase in written:
            for form in expanded(phrase.removeprefix("~")):
                phrases[form] = phrases.get(form, True) and phrase[0] == "~"
        plain = key.removeprefix("~")
        yield Entry(plain, tuple(_wishes(table)) or (Wish(facet, (plain,)),), phrases)


def _wishes(table: Mapping[str, Any]) -> Iterator[Wish]:
    for name, value in table.items():
        if name in ("years", "runtime"):
            low, high = (None if bound == "" else int(bound) for bound in value)
            yield Wish("years" if name == "years" else "runtime", (), low, high)
        elif name == "genres_all":
            yield from (Wish("genres", (genre,)) for genre in value)
        elif name != "words":
            facet = _FACETS[_FACETS.index(name)]
            denied = value[0].startswith("!")
            yield Wish(facet, tuple(entry.removeprefix("!") for entry in value), denied=denied)
