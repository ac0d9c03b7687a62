"""ReDial: real dialogues in which one person recommends films to another (Li et al. 2018, CC BY 4.0)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.dialogue import (
    Dialogue,
    Drops,
    Imported,
    Lines,
    merge_turns,
    parse_json,
    read_source,
)
from safecrs.catalog import Catalog, Item, split_label
from safecrs.conversation import Role
from safecrs.errors import SafecrsError
from safecrs.progress import Report, quiet

LICENCE = "ReDial, CC BY 4.0"
_MENTION = re.compile(r"@(\d+)")
_LIKED_NOT = 0


def read_redial_items(path: Path) -> dict[str, Item]:
    """ReDial movie id → item, from a JSON object {id: {"name": "Title (Year)", "genre", "plot", "imdb_id"}}.

    Raises:
        SafecrsError: the file is missing, is not such an object, or an entry has no name.
    """
    table = parse_json(read_source(path), str(path))
    if not isinstance(table, dict) or not table:
        raise SafecrsError(f"{path} holds no items: it needs a JSON object of movie id to name.")
    items: dict[str, Item] = {}
    for key, entry in table.items():
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not name.strip():
            raise SafecrsError(f"{path}: the item {key!r} has no name.")
        title, year = split_label(name)
        genres = entry.get("genre") or []
        items[str(key)] = Item(
            title,
            year,
            imdb_id=entry.get("imdb_id") or None,
            genres=tuple(str(genre).lower() for genre in genres if genre),
            plot=entry.get("plot") or "",
        )
    return items


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

    Raises:
        SafecrsError: the file is missing or a row is not a ReDial dialogue; names the row.
    """
    splitter = splitter or Splitter(train=0.6, validation=0.1)
    ids = list(items)
    rows = catalog.resolve_many([items[key].title for key in ids], [items[key].year for key in ids])
    row_of = dict(zip(ids, rows.tolist(), strict=True))
    lines = Lines(path, report)
    dialogues: list[Dialogue] = []
    drops = Drops()
    read = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        read += 1
        record = _checked(parse_json(line, f"{path} row {number}"), f"{path} row {number}")
        outcome = _dialogue(record, row_of, items, catalog, splitter, drops)
        if isinstance(outcome, str):
            drops.record(f"redial:{record['conversationId']}", outcome)
        else:
            dialogues.append(outcome)
    return Imported(
        "redial", LICENCE, tuple(dialogues), read, dict(drops.counts), lines.fingerprint, tuple(drops.records)
    )


def _dialogue(
    record: dict[str, Any],
    row_of: Mapping[str, int],
    items: Mapping[str, Item],
    catalog: Catalog,
    splitter: Splitter,
    drops: Drops,
) -> Dialogue | str:
    answers = _answers(record)
    suggested = [key for key, answer in answers.items() if answer["suggested"] == 1]
    seeker = record["initiatorWorkerId"]
    messages: list[dict[str, Any]] = record["messages"]
    start = _first_suggestion(messages, seeker, set(suggested))
    if start is None:
        return "dialogue in which nothing is suggested"
    names = {str(key): name for key, name in (record["movieMentions"] or {}).items() if name}

    def title(match: re.Match[str]) -> str:
        row = row_of.get(match[1], -1)
        if row >= 0:
            return catalog.label(row)
        name = items[match[1]].title if match[1] in items else names.get(match[1], "")
        return " ".join(name.split()) or "that film"

    context = messages[:start]
    turns: list[tuple[Role, str]] = [
        ("user" if message["senderWorkerId"] == seeker else "assistant", _spaced(message["text"], title))
        for message in context
    ]
    prompt = merge_turns(turns)
    if not prompt:
        return "dialogue in which the seeker says nothing before the first suggestion"
    named = dict.fromkeys(key for message in context for key in _MENTION.findall(message["text"]))
    seen = tuple(dict.fromkeys(row_of[key] for key in named if row_of.get(key, -1) >= 0))
    later = dict.fromkeys(key for message in messages[start:] for key in _MENTION.findall(message["text"]))
    liked: dict[int, None] = {}
    for key in later:
        if key not in suggested or key in named:
            continue
        if answers[key]["liked"] == _LIKED_NOT:
            drops.part("suggested film that the seeker disliked")
        elif row_of.get(key, -1) < 0:
            drops.part("suggested film the catalog does not know")
        elif row_of[key] not in seen:
            liked[row_of[key]] = None
    if not liked:
        return "dialogue without a suggested film that counts"
    name = f"redial:{record['conversationId']}"
    return Dialogue(name, splitter(name), "redial", prompt, seen, tuple(liked))


def _first_suggestion(messages: list[dict[str, Any]], seeker: object, suggested: set[str]) -> int | None:
    """The recommender's first message that names a suggested film which nobody had named before."""
    named: set[str] = set()
    for position, message in enumerate(messages):
        mentions = set(_MENTION.findall(message["text"]))
        if message["senderWorkerId"] != seeker and (mentions - named) & suggested:
            return position
        named |= mentions
    return None


def _spaced(text: str, title: Any) -> str:
    """Movie ids as titles, with a space where one was typed right against a word."""
    text = re.sub(r"(?<=[\w,.!?])(?=@\d)", " ", text)
    text = re.sub(r"(@\d+)(?=[A-Za-z])", r"\1 ", text)
    return _MENTION.sub(title, text)


def _answers(record: dict[str, Any]) -> dict[str, dict[str, int]]:
    """The seeker's form, completed by the recommender's where the seeker left something out."""
    # An empty form is written as a list.
    forms = [dict(record[name] or {}) for name in ("respondentQuestions", "initiatorQuestions")]
    return {str(key): answer for form in forms for key, answer in form.items()}


def _checked(record: Any, where: str) -> dict[str, Any]:
    if not isinstance(record, dict):
        raise SafecrsError(f"{where} is not a dialogue: it needs a JSON object.")
    for name in ("conversationId", "initiatorWorkerId", "movieMentions", "messages"):
        if name not in record:
            raise SafecrsError(f"{where} is not a ReDial dialogue: it has no {name!r}.")
    for name in ("initiatorQuestions", "respondentQuestions"):
        form = record.get(name)
        if form and not (
            isinstance(form, dict)
            and all(
                isinstance(answer, dict) and {"suggested", "liked"} <= answer.keys()
                for answer in form.values()
            )
        ):
            raise SafecrsError(f"{where}: {name} is not a form of suggested, seen and liked.")
        record.setdefault(name, {})
    if record["movieMentions"] and not isinstance(record["movieMentions"], dict):
        raise SafecrsError(f"{where}: movieMentions is not an object of id to title.")
    if not isinstance(record["messages"], list) or not all(
        isinstance(message, dict) and isinstance(message.get("text"), str) and "senderWorkerId" in message
        for message in record["messages"]
    ):
        raise SafecrsError(f"{where}: messages is not a list of senderWorkerId and text.")
    return record
