"""The starter catalog: well-known films and games with advisories, written from general knowledge.

Data files, tab-separated, lists joined by "|":

- ``films.tsv``: title, year, genres, rating, the five severities, topics, plot;
- ``games.tsv``: title, year, genres, rating, descriptors, topics, plot;
- ``reviewed.toml``: the topics that every film, and the descriptors that every game was reviewed for.

What has "?" before it in the topics is left open. Of what was reviewed, anything else that an item does not
list is a "no", and of a game so are topics that its descriptors rule out (`RULED_OUT`). Any other topic is
only stated where present.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import as_file, files

from safecrs.advisories.esrb import esrb_advisory
from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.tables import Row, read_table
from safecrs.advisories.topics import known_topics
from safecrs.catalog import Item
from safecrs.taxonomy import CATEGORIES, Domain

SOURCE = "starter"
_COLUMNS = {
    "film": ("title", "year", "genres", *CATEGORIES, "topics", "plot"),
    "game": ("title", "year", "genres", "descriptors", "topics", "plot"),
}

__all__ = ["SOURCE", "read_starter"]


def read_starter(domain: Domain = "film") -> tuple[list[Item], list[Advisory]]:
    """Items and their advisories, one each, in the order of the file.

    Raises:
        SafecrsError: a row is damaged or names an unknown topic.
    """
    items: list[Item] = []
    advisories: list[Advisory] = []
    folder = files("safecrs.starter")
    reviewed = frozenset(tomllib.loads((folder / "reviewed.toml").read_text(encoding="utf-8"))[domain])
    with as_file(folder / f"{domain}s.tsv") as path:
        for row in read_table(path, required=_COLUMNS[domain]):
            items.append(Item(*row.item(), tuple(_parts(row, "genres")), row.cells["plot"]))
            advisories.append(_film(row, reviewed) if domain == "film" else _game(row, reviewed))
    return items, advisories


def _film(row: Row, reviewed: frozenset[str]) -> Advisory:
    severities = severity_statements(row)
    if len(severities) != len(CATEGORIES):
        row.fail("a starter film needs all five severities.")
    stated, unclear = _topics(row)
    said = row.advisory(SOURCE, severities + stated, reviews_guide=True)
    return replace(said, reviews_topics=reviewed - unclear)


def _game(row: Row, reviewed: frozenset[str]) -> Advisory:
    stated, unclear = _topics(row)
    title, year, _ = row.item()
    return esrb_advisory(
        title,
        year,
        _parts(row, "descriptors"),
        considered=reviewed,
        unsure=unclear,
        source=SOURCE,
        more=stated,
    )


def _topics(row: Row) -> tuple[tuple[Statement, ...], frozenset[str]]:
    """Topics that are stated, and those left open."""
    listed = set(_parts(row, "topics"))
    unclear = frozenset(topic[1:].strip() for topic in listed if topic.startswith("?"))
    present = {topic for topic in listed if not topic.startswith("?")}
    if unknown := (present | unclear).difference(known_topics()):
        row.fail(f"{min(unknown)!r} is not a topic that is known")
    return tuple(Statement(topic, 1) for topic in sorted(present)), unclear


def _parts(row: Row, column: str) -> Iterator[str]:
    return (part.strip() for part in row.cells[column].split("|") if part.strip())
