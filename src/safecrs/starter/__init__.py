"""The starter catalog: well-known films and games with advisories, written from general knowledge.

Data files, tab-separated, lists joined by "|":

- ``films.tsv``: title, year, genres, rating, the five severities, topics, plot;
- ``games.tsv``: title, year, genres, rating, descriptors, topics, plot.

What has "?" before it in the topics is left open. Of a film, every other topic that is not listed is a "no".
Of a game, every other ESRB descriptor is, and so are topics that the descriptors rule out (`RULED_OUT`); any
other topic is only stated where present.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import as_file, files

from safecrs.advisories.esrb import esrb_advisory
from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import severity_statements
from safecrs.advisories.tables import Row, read_table
from safecrs.catalog import Item
from safecrs.taxonomy import CATEGORIES, Domain, load_taxonomy

SOURCE = "starter"
_COLUMNS = {
    "film": ("title", "year", "genres", *CATEGORIES, "topics", "plot"),
    "game": ("title", "year", "genres", "descriptors", "topics", "plot"),
}

__all__ = ["SOURCE", "read_starter"]


def read_starter(domain: Domain = "film") -> tuple[list[Item], list[Advisory]]:
    """Items and their advisories, one each, in the order of the file.

    Raises:
        SafecrsError: a row is damaged or names a topic that the taxonomy does not know.
    """
    items: list[Item] = []
    advisories: list[Advisory] = []
    topics = frozenset(load_taxonomy(domain).topics)
    with as_file(files("safecrs.starter") / f"{domain}s.tsv") as path:
        for row in read_table(path, required=_COLUMNS[domain]):
            items.append(
                Item(row.title, row.year, genres=tuple(_parts(row, "genres")), plot=row.cells["plot"])
            )
            advisories.append(_film(row, topics) if domain == "film" else _game(row, topics))
    return items, advisories


def _film(row: Row, known: frozenset[str]) -> Advisory:
    severities = severity_statements(row)
    if len(severities) != len(CATEGORIES):
        row.fail("a starter film needs all five severities.")
    stated, unclear = _topics(row, known)
    return Advisory(
        row.title,
        row.year,
        SOURCE,
        severities + stated,
        reviews_guide=True,
        reviews_topics=known - unclear,
    )


def _game(row: Row, known: frozenset[str]) -> Advisory:
    stated, unclear = _topics(row, known)
    try:
        return esrb_advisory(
            row.title, row.year, _parts(row, "descriptors"), unsure=unclear, source=SOURCE, more=stated
        )
    except ValueError as error:
        row.fail(f"{error}.")


def _topics(row: Row, known: frozenset[str]) -> tuple[tuple[Statement, ...], frozenset[str]]:
    """Topics that are stated, and those left open."""
    listed = set(_parts(row, "topics"))
    unclear = frozenset(topic[1:].strip() for topic in listed if topic.startswith("?"))
    present = {topic for topic in listed if not topic.startswith("?")}
    unknown = sorted((present | unclear) - known)
    if unknown:
        row.fail(f"{unknown[0]!r} is not in the taxonomy.")
    return tuple(Statement(topic, 1) for topic in sorted(present)), unclear


def _parts(row: Row, column: str) -> Iterator[str]:
    return (part.strip() for part in row.cells[column].split("|") if part.strip())
