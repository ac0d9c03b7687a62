"""The starter catalog: well-known films and games, with advisories written from general knowledge.

Data files, tab-separated, lists joined by "|":

- ``films.tsv``: title, year, genres, rating, the five severities, topics, plot, alternative_titles;
- ``games.tsv``: title, year, genres, rating, descriptors, topics, plot;
- ``reviewed.toml``: the topics that every film, and the descriptors that every game was reviewed for.

A topic with "?" before it is left open. Any other reviewed topic or descriptor that an item does not list is
a "no", and so are topics that the descriptors of a game rule out (`RULED_OUT`). Topics that were not reviewed
are stated only where present.
"""

from __future__ import annotations

import tomllib
from dataclasses import replace
from importlib.resources import as_file, files

from safecrs.advisories.esrb import esrb_advisory
from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.tables import Row, read_table
from safecrs.catalog import Item
from safecrs.catalog.items_csv import item_of
from safecrs.taxonomy import Domain

SOURCE = "starter"

__all__ = ["SOURCE", "read_starter"]


def read_starter(domain: Domain = "film") -> tuple[list[Item], list[Advisory]]:
    """The items and one advisory for each, in the order of the file."""
    folder = files("safecrs.starter")
    reviewed = frozenset(tomllib.loads((folder / "reviewed.toml").read_text(encoding="utf-8"))[domain])
    with as_file(folder / f"{domain}s.tsv") as path:
        rows = list(read_table(path))
    items = [item_of(row, SOURCE) for row in rows]
    return items, [_advisory(row, item, reviewed) for row, item in zip(rows, items, strict=True)]


def _advisory(row: Row, item: Item, reviewed: frozenset[str]) -> Advisory:
    listed = row.parts("topics")
    unclear = frozenset(topic[1:].strip() for topic in listed if topic.startswith("?"))
    topics = tuple(Statement(topic, 1) for topic in sorted({*listed}) if not topic.startswith("?"))
    if "descriptors" not in row.cells:
        stated = severity_statements(row) + topics
        return Advisory(
            *(item.title, item.year, SOURCE, stated, item.imdb_id, False, reviewed - unclear),
            certificates=item.certificates,
        )
    given = row.parts("descriptors")
    said = esrb_advisory(
        item.title, item.year, given, considered=reviewed, unsure=unclear, source=SOURCE, more=topics
    )
    return replace(said, certificates=item.certificates)
