"""Reddit-Movie: requests for films on Reddit and the films suggested in reply (He et al. 2023)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints, TypeAdapter

from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.dialogue import Dialogue, Imported, Importer, merge_turns, read_json_source
from safecrs.catalog import Catalog, Item, find_mentions, split_label
from safecrs.conversation import Role
from safecrs.progress import Report, quiet
from safecrs.storage import fingerprint

LICENCE = "Reddit-Movie (ZhankuiHe/reddit_movie), research use; may hold offensive text"
_TELL_EVERY = 256
_ImdbId = Annotated[str, StringConstraints(pattern=r"^tt\d{5,10}$")]
_Label = Annotated[str, StringConstraints(pattern=r"\S")]


class _Reply(BaseModel):
    context: Annotated[list[str], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
    resp: Any
    rec: list[_ImdbId]
    is_user: Any = False


_TITLES, _REPLY = TypeAdapter(Annotated[dict[_Label, _ImdbId], Field(min_length=1)]), TypeAdapter(_Reply)


def read_reddit_items(path: Path) -> list[Item]:
    """The films of Reddit-Movie, from a JSON object {"Title (Year)": "tt…"}."""
    titles = read_json_source(path, _TITLES)
    return [Item(*split_label(label), imdb_id) for label, imdb_id in titles.items()]


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
    """
    splitter = splitter or Splitter()
    importer = Importer("reddit", LICENCE, path, report)
    suggested: dict[tuple[str, ...], dict[int, None]] = {}
    for number, record in importer.records(_REPLY):
        turns = tuple(text for turn in record.context if (text := " ".join(turn.split())))
        if record.is_user:
            importer.add(f"row {number}", "reply by the person who asks")
        elif not turns:
            importer.add(f"row {number}", "reply to an empty request")
        elif not record.rec:
            importer.add(f"row {number}", "reply that suggests no film")
        else:
            rows = suggested.setdefault(turns, {})
            for row in map(catalog.row_of_imdb_id.get, record.rec):
                if row is None:
                    importer.drop_part("suggested film the catalog does not know")
                else:
                    rows[row] = None
    for number, (turns, rows) in enumerate(suggested.items(), start=1):
        if number % _TELL_EVERY == 0 or number == len(suggested):
            report(f"Find films in {path.name}", number, len(suggested), "")
        roles: list[Role] = ["user" if (len(turns) - n) % 2 else "assistant" for n in range(len(turns))]
        messages = merge_turns(zip(roles, turns, strict=True))
        seen = tuple(
            dict.fromkeys(m.row for message in messages for m in find_mentions(message.content, catalog))
        )
        liked = tuple(row for row in rows if row not in seen)
        name = f"reddit:{fingerprint(*turns)}"
        where_to = split or splitter(f"reddit:{turns[0]}")
        importer.add(
            name,
            Dialogue(name, where_to, "reddit", messages, seen, liked)
            if liked
            else "request without a suggested film that counts",
        )
    return importer.imported()
