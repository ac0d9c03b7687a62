"""The record type for what a source says about an item."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing a source says.

    Attributes:
        subject: a guide category (`safecrs.taxonomy.CATEGORIES`) or a content topic.
        value: severity 0…3 of a category; 1 (clear yes) or 0 (clear no) of a topic.
        words: the source's own words, shown in explanations.
    """

    subject: str
    value: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class Advisory:
    """What one source says about one item.

    Attributes:
        title, year, imdb_id: the item, resolved against a catalog later.
        source: short name of the source: "mpaa", "parents-guide", "ddd", "esrb"…
        reviews_guide: the source considered all five guide categories, so one that it does not state has
            severity 0 rather than being unknown.
        reviews_topics: topics that the source considered; one that it does not state is a "no" rather than
            unknown.
        medium: "film", "game" or another kind of work; None if not stated.
        certificates: as in `safecrs.catalog.Item`: "MPA:PG-13".
    """

    title: str
    year: int | None
    source: str
    statements: tuple[Statement, ...]
    imdb_id: str | None = None
    reviews_guide: bool = False
    reviews_topics: frozenset[str] = frozenset()
    medium: str | None = None
    certificates: tuple[str, ...] = ()
