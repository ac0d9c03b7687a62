"""ReDial: real dialogues in which one person recommends films to another (Li et al. 2018, CC BY 4.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, TypeAdapter

from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.dialogue import Dialogue, Imported, Importer, merge_turns, read_json_source
from safecrs.catalog import Catalog, Item, split_label
from safecrs.conversation import Role
from safecrs.progress import Report, quiet

LICENCE = "ReDial, CC BY 4.0"
_MENTION = re.compile(r"@(\d+)")
_LIKED_NOT = 0


def _named(value: object) -> object:
    """A list without its empty entries; anything else as it is, for the form to refuse."""
    return [name for name in value if name] if isinstance(value, list) else value or ()


_Names = Annotated[tuple[str, ...], BeforeValidator(_named)]


class _Film(BaseModel):
    name: Annotated[str, StringConstraints(pattern=r"\S")]
    genre: _Names = ()
    plot: str | None = None
    director: _Names = ()
    star: _Names = ()
    imdb_id: str | None = None


class _Answer(BaseModel):
    suggested: int
    liked: int


class _Turn(BaseModel):
    senderWorkerId: int | str
    text: str


_OrEmpty = BeforeValidator(lambda value: value or {})
"""An empty form is written as a list."""


class _Record(BaseModel):
    conversationId: int | str
    initiatorWorkerId: int | str
    movieMentions: Annotated[dict[str, str | None], _OrEmpty]
    initiatorQuestions: Annotated[dict[str, _Answer], _OrEmpty] = {}
    respondentQuestions: Annotated[dict[str, _Answer], _OrEmpty] = {}
    messages: list[_Turn]


_FILMS, _RECORD = TypeAdapter(Annotated[dict[str, _Film], Field(min_length=1)]), TypeAdapter(_Record)


def read_redial_items(path: Path) -> dict[str, Item]:
    """ReDial movie id → item, from JSON {id: {"name": "Title (Year)", "genre", "plot", "director", …}}."""
    return {
        key: Item(
            *split_label(film.name),
            imdb_id=film.imdb_id or None,
            genres=tuple(map(str.lower, film.genre)),
            plot=film.plot or "",
            directors=film.director,
            cast=film.star,
            source=LICENCE,
        )
        for key, film in read_json_source(path, _FILMS).items()
    }


def read_redial(
    path: Path,
    items: Mapping[str, Item],
    catalog: Catalog,
    splitter: Splitter | None = None,
    report: Report = quiet,
) -> Imported:
    """Dialogues up to the first film that is suggested, with the films suggested from there on as answer.

    The initiator seeks and is the user. Context: the messages before the recommender's first one that
    names a suggested film nobody had named, movie ids replaced by titles. Answer: films that the forms call
    suggested, that the seeker did not dislike and that the context does not name, in the order they were
    named. Split by dialogue, 60/10/30 by default.
    """
    splitter = splitter or Splitter(train=0.6, validation=0.1)
    ids = list(items)
    rows = catalog.resolve_many([items[key].title for key in ids], [items[key].year for key in ids])
    row_of = dict(zip(ids, rows.tolist(), strict=True))
    importer = Importer("redial", LICENCE, path, report)
    for _, record in importer.records(_RECORD):
        name = f"redial:{record.conversationId}"
        importer.add(name, _dialogue(name, record, row_of, items, catalog, splitter, importer))
    return importer.imported()


def _dialogue(
    name: str,
    record: _Record,
    row_of: Mapping[str, int],
    items: Mapping[str, Item],
    catalog: Catalog,
    splitter: Splitter,
    importer: Importer,
) -> Dialogue | str:
    # The seeker's form, completed by the recommender's where the seeker left something out.
    answers = record.respondentQuestions | record.initiatorQuestions
    suggested = {key for key, answer in answers.items() if answer.suggested == 1}
    seeker, messages = record.initiatorWorkerId, record.messages
    start = _first_suggestion(messages, seeker, suggested)
    if start is None:
        return "dialogue in which nothing is suggested"

    def title(match: re.Match[str]) -> str:
        row = row_of.get(match[1], -1)
        if row >= 0:
            return catalog.label(row)
        title = items[match[1]].title if match[1] in items else record.movieMentions.get(match[1])
        return " ".join((title or "").split()) or "that film"

    context = messages[:start]
    turns: list[tuple[Role, str]] = [
        ("user" if message.senderWorkerId == seeker else "assistant", _spaced(message.text, title))
        for message in context
    ]
    prompt = merge_turns(turns)
    if not prompt:
        return "dialogue in which the seeker says nothing before the first suggestion"
    named = dict.fromkeys(key for message in context for key in _MENTION.findall(message.text))
    seen = tuple(dict.fromkeys(row_of[key] for key in named if row_of.get(key, -1) >= 0))
    later = dict.fromkeys(key for message in messages[start:] for key in _MENTION.findall(message.text))
    liked: dict[int, None] = {}
    for key in later:
        if key not in suggested or key in named:
            continue
        if answers[key].liked == _LIKED_NOT:
            importer.drop_part("suggested film that the seeker disliked")
        elif row_of.get(key, -1) < 0:
            importer.drop_part("suggested film the catalog does not know")
        elif row_of[key] not in seen:
            liked[row_of[key]] = None
    if not liked:
        return "dialogue without a suggested film that counts"
    return Dialogue(name, splitter(name), "redial", prompt, seen, tuple(liked))


def _first_suggestion(messages: Sequence[_Turn], seeker: object, suggested: set[str]) -> int | None:
    """The recommender's first message that names a suggested film which nobody had named before."""
    named: set[str] = set()
    for position, message in enumerate(messages):
        mentions = set(_MENTION.findall(message.text))
        if message.senderWorkerId != seeker and (mentions - named) & suggested:
            return position
        named |= mentions
    return None


def _spaced(text: str, title: Any) -> str:
    """Movie ids as titles, with a space where one was typed right against a word."""
    text = re.sub(r"(?<=[\w,.!?])(?=@\d)", " ", text)
    text = re.sub(r"(@\d+)(?=[A-Za-z])", r"\1 ", text)
    return _MENTION.sub(title, text)
