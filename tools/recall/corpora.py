"""ReDial and OpenDialKG as catalogs, training conversations and requests with answers."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from safecrs.benchmark.sources.redial import read_redial_items
from safecrs.catalog import Catalog, Item, find_mentions
from safecrs.catalog.item import merged
from safecrs.conversation import Message, Role
from safecrs.preferences import Facet, Preference, Preferences
from safecrs.recommenders.rankers.query import words_of
from safecrs.recommenders.rankers.talks import Talk, Turn, moments
from safecrs.slates.base import Request

_MENTION = re.compile(r"@(\d+)")
_WORDS = re.compile(r"\w+")
_NAME = re.compile(r"[^\W\d_][\w.'’-]*")
_LANGUAGES = {
    "English": "en",
    "French": "fr",
    "German": "de",
    "Hindi": "hi",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Spanish": "es",
}


@dataclass(frozen=True, slots=True)
class Moment:
    """A request, the catalog rows that are right, and the number of its dialogue."""

    dialogue: int
    request: Request
    answers: frozenset[int]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Dialogues over a catalog, in the order of the file."""

    catalog: Catalog
    talks: tuple[Talk, ...]
    moments: tuple[Moment, ...]


def load_corpus(name: str, data: Path, known: Iterable[Item] = ()) -> Corpus:
    """The corpus "redial" or "opendialkg"; what ``known`` knows of its items is added to their facets."""
    return (_redial if name == "redial" else _opendialkg)(data, list(known))


def _with_known(items: Sequence[Item], known: Sequence[Item]) -> Catalog:
    """The catalog of ``items``, with the facets of ``known`` where they are one item, and no item more."""
    bare = Catalog.from_items(items)
    rows = bare.resolve_many([item.title for item in known], [item.year for item in known]).tolist()
    more: dict[int, list[Item]] = {}
    for item, row in zip(known, rows, strict=True):
        if row >= 0:
            more.setdefault(row, []).append(item)
    return Catalog.from_items(merged([bare.item(row), *more.get(row, [])])[0] for row in range(len(bare)))


def _redial(data: Path, known: Sequence[Item]) -> Corpus:
    items = read_redial_items(data / "catalog/redial_items.json.gz")
    catalog = _with_known(list(items.values()), known)
    rows = catalog.resolve_many([i.title for i in items.values()], [i.year for i in items.values()]).tolist()
    by_id = catalog.row_of_imdb_id
    row_of = {
        key: row if row >= 0 else by_id.get(item.imdb_id or "", -1)
        for (key, item), row in zip(items.items(), rows, strict=True)
    }

    def title(match: re.Match[str]) -> str:
        row = row_of.get(match[1], -1)
        return f" {catalog.label(row)} " if row >= 0 else " that film "

    talks = []
    for record in _lines(data / "conversations/redial_dialogues.jsonl.gz"):
        forms = dict(record["respondentQuestions"] or {}) | dict(record["initiatorQuestions"] or {})
        suggested = {row_of.get(key, -1) for key, form in forms.items() if form["suggested"] == 1}
        turns = []
        for message in record["messages"]:
            role: Role = "user" if message["senderWorkerId"] == record["initiatorWorkerId"] else "assistant"
            named = [row_of.get(key, -1) for key in _MENTION.findall(message["text"])]
            turns.append((role, _MENTION.sub(title, message["text"]), named))
        talks.append(_talk(turns, suggested))
    return _corpus(catalog, talks)


def _opendialkg(data: Path, known: Sequence[Item]) -> Corpus:
    with gzip.open(data / "catalog/opendialkg_items.json.gz", "rt", encoding="utf-8") as file:
        works = json.load(file).values()
    items = [
        Item(
            work["name"],
            int(work["year"]) if str(work.get("year", "")).isdecimal() else None,
            genres=_genres(work.get("genre", ())),
            directors=tuple(dict.fromkeys((*work.get("director", ()), *work.get("writer", ())[:1]))),
            cast=tuple(dict.fromkeys(work.get("actor", ()))),
            languages=tuple(code for name, code in _LANGUAGES.items() if name in work.get("language", ())),
        )
        for work in works
    ]
    catalog = _with_known(items, known)

    def row(name: str) -> int:
        """The item of this name; of several the first, since the dialogues give no years."""
        return next(iter(catalog.same_title(name)), -1)

    names = sorted({item.title for item in items}, key=len, reverse=True)
    finder = re.compile("|".join(rf"\b{re.escape(name)}\b" for name in names if len(name) > 3))
    talks: list[Talk] = []
    turns = _lines(data / "conversations/opendialkg_train.jsonl.gz")
    for _, given in groupby(turns, key=lambda turn: turn["dialog_id"]):
        talk: list[Turn] = []
        done: set[int] = set()
        for turn in given:
            for at, text in enumerate(turn["context"][len(talk) :], start=len(talk)):
                found = [row(match[0]) for match in finder.finditer(text)]
                speaker: Role = "user" if (len(turn["context"]) - at) % 2 else "assistant"
                talk.append(_turn(speaker, text, found, done, ()))
            if len(talk) == len(turn["context"]):
                rows = [row(name) for name in turn["rec"]]
                talk.append(_turn("assistant", turn["resp"], rows, done, rows))
        talks.append(talk)
    return _corpus(catalog, talks)


def _genres(names: Iterable[str]) -> tuple[str, ...]:
    plain = (name.lower().removesuffix(" film").removesuffix(" fiction") for name in names)
    return tuple(dict.fromkeys({"science": "sci-fi", "romantic comedy": "romance"}.get(n, n) for n in plain))


def _talk(turns: Iterable[tuple[Role, str, list[int]]], suggested: Iterable[int]) -> list[Turn]:
    done: set[int] = set()
    return [_turn(role, text, rows, done, suggested) for role, text, rows in turns]


def _turn(role: Role, text: str, rows: Iterable[int], done: set[int], suggested: Iterable[int]) -> Turn:
    named = tuple(dict.fromkeys(row for row in rows if row >= 0))
    new = tuple(row for row in named if row in suggested and row not in done and role == "assistant")
    done.update(named)
    return Turn(Message(role=role, content=text), named, new)


def _corpus(catalog: Catalog, talks: Sequence[Talk]) -> Corpus:
    wishes = Matcher(catalog)
    found = []
    for number, talk in enumerate(talks):
        for before, turn in moments(talk):
            messages = tuple(each.message for each in before) or (Message(role="user", content="Hello"),)
            seen = frozenset(row for each in before for row in each.named)
            request = Request(messages, seen=seen, preferences=wishes(messages))
            found.append(Moment(number, request, frozenset(turn.suggested)))
    return Corpus(catalog, tuple(talks), tuple(found))


class Matcher:
    """Genres, moods, themes and people that the words name, as preferences: no negation, no turns."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._values: dict[tuple[str, ...], list[tuple[Facet, str]]] = {}
        facets: tuple[Facet, ...] = ("genres", "moods", "themes", "directors", "cast")
        for facet in facets:
            for value in catalog.facets.lists[facet].vocabulary:  # type: ignore[index]
                person = facet in ("directors", "cast")
                words = _NAME.findall(value.casefold()) if person else words_of(value)
                if len(words) > person and len(words) == len(_WORDS.findall(value)):
                    self._values.setdefault(tuple(words), []).append((facet, value))

    def __call__(self, messages: Sequence[Message]) -> Preferences:
        """What is named in any message."""
        found: dict[tuple[Facet, str], None] = {}
        for message in messages:
            text = self._beside(message.content)
            names = [word.rstrip(".'’") for word in _NAME.findall(text.casefold())]
            keys = [tuple(names[at : at + size]) for at in range(len(names)) for size in (2, 3)]
            words = words_of(text)
            keys += [tuple(words[at : at + size]) for at in range(len(words)) for size in (1, 2)]
            found |= dict.fromkeys(value for key in keys for value in self._values.get(key, ()))
        return Preferences(tuple(Preference(facet, (value,)) for facet, value in found))

    def _beside(self, text: str) -> str:
        for mention in reversed(find_mentions(text, self._catalog)):
            text = f"{text[: mention.start]} {text[mention.end :]}"
        return text


def _lines(path: Path) -> Iterator[Mapping[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)
