"""Reddit-Movie: requests for films on Reddit and the films suggested in reply (He et al. 2023)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from safecrs.benchmark.sample import Split
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
from safecrs.catalog import Catalog, Item, find_mentions, split_label
from safecrs.conversation import Role
from safecrs.errors import SafecrsError
from safecrs.progress import Report, quiet
from safecrs.storage import fingerprint

LICENCE = "Reddit-Movie (ZhankuiHe/reddit_movie), research use; may hold offensive text"
_TELL_EVERY = 256
_IMDB = re.compile(r"tt\d{5,10}")


@dataclass(slots=True)
class _Thread:
    """One request and all that was suggested in reply to it."""

    turns: tuple[str, ...]
    suggested: dict[int, None] = field(default_factory=dict)


def read_reddit_items(path: Path) -> list[Item]:
    """The films of Reddit-Movie, from a JSON object {"Title (Year)": "tt…"}.

    Raises:
        SafecrsError: the file is missing, is not such an object, or an id is not IMDb's.
    """
    table = parse_json(read_source(path), str(path))
    if not isinstance(table, dict) or not table:
        raise SafecrsError(f'{path} holds no films: it needs a JSON object of "Title (Year)" to IMDb id.')
    items: list[Item] = []
    for label, imdb_id in table.items():
        if not label.strip():
            raise SafecrsError(f"{path}: a film has no title.")
        if not (isinstance(imdb_id, str) and _IMDB.fullmatch(imdb_id)):
            raise SafecrsError(f"{path}: the id of {label!r} is {imdb_id!r}, not an IMDb id (tt0133093).")
        title, year = split_label(label)
        items.append(Item(title, year, imdb_id))
    return items


def read_reddit(
    path: Path,
    catalog: Catalog,
    *,
    split: Split | None = None,
    splitter: Splitter | None = None,
    report: Report = quiet,
) -> Imported:
    """Requests and the films that replies suggest, from JSON lines of ``context``, ``resp`` and ``rec``.

    ``context`` is the conversation so far, one text a turn, the person who asks last; ``rec`` are the IMDb
    ids that the reply ``resp`` names. Replies to one request are taken together, in the file's order; films
    that the request itself names are no answer. A reply by the person who asks (``is_user``) is none.

    Args:
        split: the split of the whole file, as the corpus is published in one file a split; without it,
            requests are split by their first post, 70/10/20 by default.

    Raises:
        SafecrsError: the file is missing or a row is malformed; names the row.
    """
    splitter = splitter or Splitter()
    lines = Lines(path, report)
    drops = Drops()
    threads: dict[tuple[str, ...], _Thread] = {}
    read = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        read += 1
        where = f"{path} row {number}"
        turns, ids, by_seeker = _checked(parse_json(line, where), where)
        if by_seeker:
            drops.record(f"row {number}", "reply by the person who asks")
        elif not turns:
            drops.record(f"row {number}", "reply to an empty request")
        elif not ids:
            drops.record(f"row {number}", "reply that suggests no film")
        else:
            thread = threads.setdefault(turns, _Thread(turns))
            for imdb_id in ids:
                row = catalog.row_of_imdb_id.get(imdb_id)
                if row is None:
                    drops.part("suggested film the catalog does not know")
                else:
                    thread.suggested[row] = None
    dialogues: list[Dialogue] = []
    for number, thread in enumerate(threads.values(), start=1):
        if number % _TELL_EVERY == 0 or number == len(threads):
            report(f"Find films in {path.name}", number, len(threads), "")
        roles: list[Role] = [
            "user" if (len(thread.turns) - n) % 2 else "assistant" for n in range(len(thread.turns))
        ]
        messages = merge_turns(zip(roles, thread.turns, strict=True))
        named = [m.row for message in messages for m in find_mentions(message.content, catalog)]
        seen = tuple(dict.fromkeys(named))
        liked = tuple(row for row in thread.suggested if row not in seen)
        name = f"reddit:{fingerprint(*thread.turns)}"
        if not liked:
            drops.record(name, "request without a suggested film that counts")
            continue
        where_to = split or splitter(f"reddit:{thread.turns[0]}")
        dialogues.append(Dialogue(name, where_to, "reddit", messages, seen, liked))
    return Imported(
        "reddit", LICENCE, tuple(dialogues), read, dict(drops.counts), lines.fingerprint, tuple(drops.records)
    )


def _checked(record: Any, where: str) -> tuple[tuple[str, ...], Sequence[str], bool]:
    """The turns that say something, the IMDb ids suggested, and whether the reply is the seeker's."""

    def fail(problem: str) -> NoReturn:
        raise SafecrsError(f"{where}: {problem}")

    if not isinstance(record, Mapping):
        fail("not a JSON object.")
    for name in ("context", "resp", "rec"):
        if name not in record:
            fail(f"not a Reddit-Movie row, it has no {name!r}.")
    context, ids = record["context"], record["rec"]
    if isinstance(context, str):
        context = [context]
    if not isinstance(context, list) or not all(isinstance(turn, str) for turn in context):
        fail("context is not a list of texts.")
    if not isinstance(ids, list):
        fail("rec is not a list of IMDb ids.")
    for imdb_id in ids:
        if not (isinstance(imdb_id, str) and _IMDB.fullmatch(imdb_id)):
            fail(f"rec holds {imdb_id!r}, not an IMDb id (tt0133093).")
    turns = tuple(" ".join(turn.split()) for turn in context)
    return tuple(turn for turn in turns if turn), ids, bool(record.get("is_user"))
