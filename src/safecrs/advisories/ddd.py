"""DoesTheDogDie: votes of viewers on content topics."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby
from pathlib import Path
from typing import Any

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.skipped import RowError, Skipped, quoted
from safecrs.advisories.tables import Row, cell_text, json_cells, read_each
from safecrs.taxonomy.topics import canonical_topic

SOURCE = "ddd"

_KINDS = ("item type name", "itemtypename", "item type", "itemtype", "type", "medium")
_MEDIA = {"movie": "film", "tv movie": "film", "video game": "game", "videogame": "game"}
_COUNTS = re.compile(r"(\d{1,9})(?:\.0+)? (\d{1,9})(?:\.0+)?", re.ASCII)
_FLAGS = {"": 0, "0": 0, "0.0": 0, "false": 0, "1": 1, "1.0": 1, "true": 1}


def vote(yes: int, no: int) -> int | None:
    """1 (clear yes), 0 (clear no) or None (disputed, or too few votes to tell).

    Clear means at least two thirds of at least two votes.
    """
    clear = yes + no >= 2 and min(yes, no) >= 0 and 3 * max(yes, no) >= 2 * (yes + no)
    return int(yes > no) if clear else None


def read_ddd(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Votes from DoesTheDogDie; `vote` decides each topic, and a disputed topic is no statement.

    ``.json``/``.jsonl``: responses of the API's media endpoint, one, a list or one a line, either nested,
    ``{item: {name, releaseYear, imdbId, itemType: {name}}, topicItemStats: [{topic: {id, name}, yesSum,
    noSum}]}``, or flat, ``{name, releaseYear, imdbId, itemTypeName, topicItemStats: [{topicId, topicName,
    yesSum, noSum}]}``. CSV/TSV: columns title, year, topic, yes, no (and imdb_id, type), one topic a row; the
    rows of an item stand together. Either may be gzip-compressed.

    A topic is known by its id or by any of its names (`canonical_topic`). An item of another type than Movie
    or Video Game is an advisory of that medium, which applies to neither films nor games.
    """
    read = read_each(path, _advisory, skipped, required=("topic", "yes", "no"))
    for _, group in groupby(read, key=lambda said: (said.title, said.year, said.imdb_id, said.medium)):
        parts = list(group)
        yield replace(parts[0], statements=tuple(chain.from_iterable(part.statements for part in parts)))


def read_ddd_table(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """The ML-DDD sensitivity table: one film a row, a 0/1 column "Clear Yes: <topic>" for each topic.

    A 0 means "no clear yes", which is not a clear no, so only a 1 is a statement. A 1 in a column "Clear No:
    <topic>" is a clear no.
    """
    return read_each(path, _sensitivities, skipped)


def _sensitivities(row: Row) -> Advisory:
    columns = [name for name in row.cells if name.startswith(("clear yes ", "clear no "))]
    if not columns:
        row.fail('there is no column named "Clear Yes: …"')
    for name in columns:
        if row.cells[name].casefold() not in _FLAGS:
            row.fail(f"the column {name!r} must hold 0 or 1, not {quoted(row.cells[name])}", "flag")
    clear = (name.split(" ", 2) for name in columns if _FLAGS[row.cells[name].casefold()])
    said = (Statement(canonical_topic(topic), int(answer == "yes"), topic) for _, answer, topic in clear)
    return row.advisory(SOURCE, said)


def _advisory(row: Row) -> Advisory | None:
    stats = row.record.get("topicItemStats")
    if "items" in row.record and not stats:
        row.fail("this is an answer of the search (/dddsearch), without votes; ask /media/ID of each item")
    if row.record and not isinstance(stats, list):
        row.fail("not a DoesTheDogDie response: it has no list of topicItemStats")
    item = row.record.get("item")
    about = replace(row, cells=json_cells(item)) if isinstance(item, dict) else row
    kind = (about.get(*_KINDS) or "").casefold()
    if row.record and not stats:
        return None
    votes = (_of_stat(row, stat) for stat in stats) if stats else (_vote(row, row.cells),)
    return about.advisory(SOURCE, filter(None, votes), medium=_MEDIA.get(kind, kind) or None)


def _of_stat(row: Row, stat: object) -> Statement | None:
    try:
        return _vote(row, stat if isinstance(stat, dict) else {})
    except RowError as error:
        row.note(f"{error.about[2]}; these votes are left out", error.about[3])
        return None


def _vote(row: Row, stat: Mapping[str, Any]) -> Statement | None:
    """The statement of one topic's votes; None where they are disputed."""
    inner = stat.get("topic")
    topic = inner if isinstance(inner, dict) else {}
    ids = (stat.get("topicId"), stat.get("TopicId"), topic.get("id"))
    names = (topic.get("doesName"), stat.get("topicName"), topic.get("name") if topic else inner)
    texts = [text for value in (*ids, *names) if (text := cell_text(value))]
    if not texts:
        row.fail("votes without a topic")
    cells = [cell_text(stat.get(f"{word}Sum", stat.get(word))) for word in ("yes", "no")]
    counts = _COUNTS.fullmatch(" ".join(cells))
    if counts is None:
        row.fail("yes {} and no {} must both be numbers of votes".format(*map(quoted, cells)), "votes")
    yes, no = int(counts[1]), int(counts[2])
    value = vote(yes, no)
    words = f"{texts[-1]}: {yes} yes, {no} no"
    return None if value is None else Statement(canonical_topic(*texts), value, words)
