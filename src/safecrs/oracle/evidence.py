"""Who said what about an item: every statement that counts, as columns sorted by catalog row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.advisories.esrb import DESCRIPTORS
from safecrs.advisories.record import Advisory
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.topics import canonical_topic, known_topics, topic_key
from safecrs.catalog import Catalog, make_label
from safecrs.catalog.index import OTHER_ARTICLE, UNDATED_GAP
from safecrs.catalog.table import StringColumn
from safecrs.errors import SafecrsError
from safecrs.storage import Tensors
from safecrs.taxonomy import CATEGORIES, SEVERITIES, Taxonomy

_BATCH = 65536
_UNKNOWN = "a topic of a name that is not known, left out"
_LACKING = "says something serious about an item that the catalog lacks"
_SILENCED = "says something serious, but another row of this source fits the item better"
_BY_ID = -1


@dataclass(frozen=True, slots=True)
class Finding:
    """One statement about an item, with its source.

    Attributes:
        source, subject, value, words: as in `Advisory` and `Statement`.
    """

    source: str
    subject: str
    value: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class SourceCount:
    """How many advisories a source gave and how many of them speak of a catalog item."""

    advisories: int
    resolved: int


class Evidence:
    """Statements in compressed rows: those of ``row`` lie at ``offsets[row]:offsets[row + 1]``.

    Attributes:
        subjects: guide categories, the taxonomy's topics, then topics that no trait uses; ``subject``
            (uint16) indexes them.
        sources: source names; ``source`` (uint16) indexes them.
        value: int8, severity or yes/no.
        words: int32 into ``texts``; texts[0] is empty.
    """

    def __init__(
        self, subjects: tuple[str, ...], sources: tuple[str, ...], tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        self.subjects, self.sources = subjects, sources
        self.offsets: NDArray[np.int64] = tensors["evidence.offsets"]
        self.subject: NDArray[np.uint16] = tensors["evidence.subject"]
        self.source: NDArray[np.uint16] = tensors["evidence.source"]
        self.value: NDArray[np.int8] = tensors["evidence.value"]
        self.words: NDArray[np.int32] = tensors["evidence.words"]
        self.texts = StringColumn(tensors["evidence.texts"], tensors["evidence.texts.offsets"])
        columns = (self.subject, self.source, self.value, self.words)
        if any(len(column) != int(self.offsets[-1]) for column in columns):
            raise ValueError("the evidence columns differ in length")

    @classmethod
    def empty(cls, items: int, taxonomy: Taxonomy) -> Evidence:
        """No statement about any of ``items``."""
        return _Collector(taxonomy, Skipped()).finish(items)[0]

    def tensors(self) -> Tensors:
        """The columns, by the names the constructor reads them from."""
        return {
            "evidence.offsets": self.offsets,
            "evidence.subject": self.subject,
            "evidence.source": self.source,
            "evidence.value": self.value,
            "evidence.words": self.words,
            "evidence.texts": self.texts.data,
            "evidence.texts.offsets": self.texts.offsets,
        }

    def of(self, row: int) -> list[Finding]:
        """All findings about a row, the weightiest first.

        Raises:
            SafecrsError: the file that the columns are mapped from is damaged.
        """
        span = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        columns = (self.source[span], self.subject[span], self.value[span], self.words[span])
        try:
            findings = [
                Finding(self.sources[source], self.subjects[subject], int(value), self.texts[int(words)])
                for source, subject, value, words in zip(*columns, strict=True)
            ]
        except (IndexError, UnicodeDecodeError) as error:
            raise SafecrsError("The compiled oracle's evidence is damaged; compile it again.") from error
        return sorted(findings, key=lambda finding: -finding.value)

    @property
    def rows(self) -> NDArray[np.int32]:
        """The catalog row of each statement, int32, ascending."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets))


def gather_evidence(
    catalog: Catalog, advisories: Iterable[Advisory], taxonomy: Taxonomy, skipped: Skipped | None = None
) -> tuple[Evidence, dict[str, SourceCount]]:
    """Resolve advisories to catalog rows and collect what they say.

    An IMDb id decides, else title and year. Of one source only the closest matches of a row count: those by
    id and by exact title and year, before those of the nearest year, before those with another article ("The
    Frozen (2012)" says nothing about "Frozen (2013)" where the source has that film too). A match that is
    off in both is no match. Of an advisory without a year, or about an item without one, what is serious
    counts beside closer ones. A source says one thing about a subject: the most serious.

    Reviews are spelt out: a category or topic that was considered but not stated becomes a statement of
    value 0. Topics that no trait uses are kept. The counts say how much of each source counts.

    Args:
        skipped: takes what does not count: names of topics that are not known, works of another medium, and
            serious statements about what the catalog lacks; without it unknown topics are a warning.

    Raises:
        SafecrsError: a statement's value is out of range; names source and title.
    """
    told = skipped or Skipped()
    collector = _Collector(taxonomy, told)
    stream = iter(advisories)
    while batch := list(islice(stream, _BATCH)):
        rows, distances = _resolve(catalog, batch)
        for advisory, row, distance in zip(batch, rows.tolist(), distances.tolist(), strict=True):
            collector.add(advisory, row, distance)
    gathered = collector.finish(len(catalog))
    if skipped is None:
        told.warn()
    return gathered


def _resolve(catalog: Catalog, batch: list[Advisory]) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Row of each advisory, −1 for none, and how far off the match is."""
    rows = np.full(len(batch), -1, dtype=np.int32)
    distances = np.full(len(batch), _BY_ID, dtype=np.int8)
    if any(advisory.imdb_id for advisory in batch):
        known = catalog.row_of_imdb_id
        rows[:] = [known.get(advisory.imdb_id or "", -1) for advisory in batch]
    left = np.flatnonzero(rows < 0)
    if len(left):
        asked = [batch[position] for position in left.tolist()]
        found, distance = catalog.match_many([a.title for a in asked], [a.year for a in asked])
        off_in_both = (distance > OTHER_ARTICLE) & (distance < OTHER_ARTICLE + UNDATED_GAP)
        rows[left] = np.where(off_in_both, -1, found)
        distances[left] = distance
    return rows, distances


class _Collector:
    """Statements on their way into columns, advisory by advisory.

    What an advisory reviewed is kept as the number of a distinct review and spelt out at the end.
    """

    def __init__(self, taxonomy: Taxonomy, skipped: Skipped) -> None:
        self._domain, self._skipped = taxonomy.domain, skipped
        named = {topic: topic_key(canonical_topic(topic)) for topic in taxonomy.topics}
        keys = set(named.values())
        more = (topic for topic in known_topics() if topic not in named and topic_key(topic) not in keys)
        self._subjects = (*CATEGORIES, *named, *more)
        places = {subject: place for place, subject in enumerate(self._subjects)}
        self._subject = places | {category: place for place, category in enumerate(CATEGORIES)}
        # A trait may call a topic by another of its names.
        self._by_key = {
            key: place
            for place, (topic, key) in enumerate(named.items(), start=len(CATEGORIES))
            if topic not in DESCRIPTORS
        }
        self._labels: list[str] = []
        self._sources: dict[str, int] = {}
        self._given: Counter[str] = Counter()
        self._texts: dict[str, int] = {"": 0}
        self._reviews: dict[tuple[bool, frozenset[str]], int] = {}
        self._advisories: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
        self._statements: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])

    def add(self, advisory: Advisory, row: int, distance: int) -> None:
        """Take in an advisory about ``row``; one about no row or another medium is only counted."""
        source = self._sources.setdefault(advisory.source, len(self._sources))
        self._given[advisory.source] += 1
        label = quoted(make_label(advisory.title, advisory.year))
        other = advisory.medium not in (None, self._domain)
        if other or (row < 0 and any(statement.value > 0 for statement in advisory.statements)):
            problem = f"about a {advisory.medium}, not a {self._domain}" if other else _LACKING
            self._skipped.add(advisory.source, label, problem, odd=False)
        if other or row < 0:
            return
        rows, sources, distances, reviews = self._advisories
        advisories, subjects, values, words = self._statements
        for statement in advisory.statements:
            subject = self._place(statement.subject)
            if subject is None:
                self._skipped.add(advisory.source, quoted(statement.subject), _UNKNOWN)
                continue
            highest = len(SEVERITIES) - 1 if subject < len(CATEGORIES) else 1
            if not 0 <= statement.value <= highest:
                raise SafecrsError(
                    f"{advisory.source} says {statement.value} about {statement.subject!r} of "
                    f"{advisory.title!r}; it must lie between 0 and {highest}."
                )
            advisories.append(len(rows))
            subjects.append(subject)
            values.append(statement.value)
            words.append(self._texts.setdefault(statement.words, len(self._texts)))
        self._labels.append(label)
        rows.append(row)
        sources.append(source)
        distances.append(distance)
        reviewed = (advisory.reviews_guide, advisory.reviews_topics)
        reviews.append(self._reviews.setdefault(reviewed, len(self._reviews)))

    def _place(self, subject: str) -> int | None:
        place = self._subject.get(subject)
        return self._by_key.get(topic_key(subject)) if place is None else place

    def finish(self, items: int) -> tuple[Evidence, dict[str, SourceCount]]:
        """The columns, sorted by row, source and subject, and the counts."""
        row, source, distance, review = (np.array(column, dtype=np.int64) for column in self._advisories)
        stated = [np.array(column, dtype=np.int64) for column in self._statements]
        group = row * max(len(self._sources), 1) + source
        closest = _closest(group, np.maximum(distance, 0))
        advisory, subject, value, words = map(
            np.concatenate, zip(stated, self._reviewed(review), strict=True)
        )
        serious = (value > 0) & (distance == UNDATED_GAP)[advisory]
        kept = np.flatnonzero(closest[advisory] | serious)
        said = group[advisory] * len(self._subjects) + subject
        # Of one source's statements on a subject the most serious comes first, of several the closest; only
        # it is kept.
        order = kept[np.lexsort((distance[advisory[kept]], -value[kept], said[kept]))]
        order = order[np.diff(said[order], prepend=-1) != 0]
        used = closest | np.isin(np.arange(len(row)), advisory[kept])
        names = tuple(self._sources)
        for position in np.setdiff1d(advisory[value > 0], np.flatnonzero(used)).tolist():
            self._skipped.add(names[source[position]], self._labels[position], _SILENCED, odd=False)
        offsets = np.zeros(items + 1, dtype=np.int64)
        np.cumsum(np.bincount(row[advisory[order]], minlength=items), out=offsets[1:])
        texts = StringColumn.of(self._texts)
        evidence = Evidence(
            self._subjects,
            names,
            {
                "evidence.offsets": offsets,
                "evidence.subject": subject[order].astype(np.uint16),
                "evidence.source": source[advisory[order]].astype(np.uint16),
                "evidence.value": value[order].astype(np.int8),
                "evidence.words": words[order].astype(np.int32),
                "evidence.texts": texts.data,
                "evidence.texts.offsets": texts.offsets,
            },
        )
        resolved = np.bincount(source[used], minlength=len(self._sources)).tolist()
        counts = {
            name: SourceCount(self._given[name], resolved[number])
            for name, number in sorted(self._sources.items())
        }
        return evidence, counts

    def _reviewed(self, review: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Statements of value 0 about all that each advisory reviewed: advisory, subject, value, words."""
        guide = list(range(len(CATEGORIES)))
        subjects = []
        for whole, topics in self._reviews:
            places = (place for topic in topics if (place := self._place(topic)) is not None)
            subjects.append(np.array([*(guide if whole else ()), *places], dtype=np.int64))
        sizes = np.array([len(subject) for subject in subjects], dtype=np.int64)
        advisory = np.repeat(np.arange(len(review)), sizes[review])
        subject = np.concatenate([np.zeros(0, np.int64), *(subjects[number] for number in review.tolist())])
        return advisory, subject, np.zeros_like(subject), np.zeros_like(subject)


def _closest(group: NDArray[np.int64], distance: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each advisory is as close to its row as any of its group: of the same row and source."""
    _, position = np.unique(group, return_inverse=True)
    best = np.full(len(group), np.iinfo(np.int64).max)
    np.minimum.at(best, position, distance)
    return np.asarray(distance == best[position])
