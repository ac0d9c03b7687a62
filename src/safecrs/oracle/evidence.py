"""Who said what about an item: every statement that counts, as columns sorted by catalog row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.advisories.record import Advisory
from safecrs.catalog import Catalog
from safecrs.catalog.columns import StringColumn
from safecrs.catalog.index import OTHER_ARTICLE, UNDATED_GAP
from safecrs.errors import SafecrsError
from safecrs.storage import Tensors
from safecrs.taxonomy import CATEGORIES, SEVERITIES, Taxonomy

_BATCH = 65536
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
        subjects: guide categories, then the taxonomy's topics; ``subject`` (uint16) indexes them.
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
        return _Collector(taxonomy).finish(items)[0]

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
    catalog: Catalog, advisories: Iterable[Advisory], taxonomy: Taxonomy
) -> tuple[Evidence, dict[str, SourceCount]]:
    """Resolve advisories to catalog rows and collect what they say.

    An IMDb id decides; without one title and year do, and of one source only the closest matches of a row
    count: first those written with the same article, then those of the same year, then of the nearest year
    ("The Frozen (2012)" says nothing about "Frozen (2013)" where the source has that film too). A match that
    is off in both is no match. A source says one thing about a subject: the most serious.

    Reviews are spelt out: a category or topic that was considered but not stated becomes a statement of
    value 0. Topics that no trait speaks of are dropped. The counts say how much of each source counts.

    Raises:
        SafecrsError: a statement's value is out of range; names source and title.
    """
    collector = _Collector(taxonomy)
    stream = iter(advisories)
    while batch := list(islice(stream, _BATCH)):
        rows, distances = _resolve(catalog, batch)
        for advisory, row, distance in zip(batch, rows.tolist(), distances.tolist(), strict=True):
            collector.add(advisory, row, distance)
    return collector.finish(len(catalog))


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

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._subjects = (*CATEGORIES, *taxonomy.topics)
        self._subject = {subject: position for position, subject in enumerate(self._subjects)}
        self._sources: dict[str, int] = {}
        self._given: Counter[str] = Counter()
        self._texts: dict[str, int] = {"": 0}
        self._reviews: dict[tuple[bool, frozenset[str]], int] = {}
        self._advisories: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])
        self._statements: tuple[list[int], list[int], list[int], list[int]] = ([], [], [], [])

    def add(self, advisory: Advisory, row: int, distance: int) -> None:
        """Take in an advisory about ``row``; one about no row is only counted."""
        source = self._sources.setdefault(advisory.source, len(self._sources))
        self._given[advisory.source] += 1
        if row < 0:
            return
        rows, sources, distances, reviews = self._advisories
        advisories, subjects, values, words = self._statements
        for statement in advisory.statements:
            subject = self._subject.get(statement.subject)
            if subject is None:
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
        rows.append(row)
        sources.append(source)
        distances.append(distance)
        reviewed = (advisory.reviews_guide, advisory.reviews_topics)
        reviews.append(self._reviews.setdefault(reviewed, len(self._reviews)))

    def finish(self, items: int) -> tuple[Evidence, dict[str, SourceCount]]:
        """The columns, sorted by row, source and subject, and the counts."""
        row, source, distance, review = (np.array(column, dtype=np.int64) for column in self._advisories)
        stated = [np.array(column, dtype=np.int64) for column in self._statements]
        group = row * max(len(self._sources), 1) + source
        closest = _closest(group, distance)
        advisory, subject, value, words = map(
            np.concatenate, zip(stated, self._reviewed(review), strict=True)
        )
        said = group[advisory] * len(self._subjects) + subject
        # Of one source's statements on a subject the most serious comes first; only it is kept.
        order = np.argsort(said * len(SEVERITIES) - value, kind="stable")
        order = order[closest[advisory[order]]]
        order = order[np.diff(said[order], prepend=-1) != 0]
        offsets = np.zeros(items + 1, dtype=np.int64)
        np.cumsum(np.bincount(row[advisory[order]], minlength=items), out=offsets[1:])
        texts = StringColumn.of(self._texts)
        evidence = Evidence(
            self._subjects,
            tuple(self._sources),
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
        resolved = np.bincount(source[closest], minlength=len(self._sources)).tolist()
        counts = {
            name: SourceCount(self._given[name], resolved[number])
            for name, number in sorted(self._sources.items())
        }
        return evidence, counts

    def _reviewed(self, review: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
        """Statements of value 0 about all that each advisory reviewed: advisory, subject, value, words."""
        known = self._subject.keys()
        guide = list(range(len(CATEGORIES)))
        subjects = [
            np.array(
                [*(guide if whole else ()), *map(self._subject.__getitem__, topics & known)], dtype=np.int64
            )
            for whole, topics in self._reviews
        ]
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
