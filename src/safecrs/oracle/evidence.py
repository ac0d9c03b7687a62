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
from safecrs.errors import SafecrsError
from safecrs.storage import Tensors
from safecrs.taxonomy import CATEGORIES, SEVERITIES, Taxonomy

_BATCH = 65536


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
    """How many advisories a source gave and how many of them named a catalog item."""

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
        return _Collector(taxonomy).finish(items)

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
        """All findings about a row, the weightiest first."""
        span = slice(int(self.offsets[row]), int(self.offsets[row + 1]))
        columns = (self.source[span], self.subject[span], self.value[span], self.words[span])
        findings = [
            Finding(self.sources[source], self.subjects[subject], int(value), self.texts[int(words)])
            for source, subject, value, words in zip(*columns, strict=True)
        ]
        return sorted(findings, key=lambda finding: -finding.value)

    @property
    def rows(self) -> NDArray[np.int32]:
        """The catalog row of each statement, int32, ascending."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int32), np.diff(self.offsets))


def gather_evidence(
    catalog: Catalog, advisories: Iterable[Advisory], taxonomy: Taxonomy
) -> tuple[Evidence, dict[str, SourceCount]]:
    """Resolve advisories to catalog rows (IMDb id first, then title and year) and collect what they say.

    Reviews are spelt out: a category or topic that was considered but not stated becomes a statement of
    value 0. Topics that no trait speaks of are dropped. The counts say how much of each source found an item.

    Raises:
        SafecrsError: a statement's value is out of range; names source and title.
    """
    collector = _Collector(taxonomy)
    given: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    stream = iter(advisories)
    while batch := list(islice(stream, _BATCH)):
        rows = _resolve(catalog, batch).tolist()
        for advisory, row in zip(batch, rows, strict=True):
            given[advisory.source] += 1
            if row >= 0:
                resolved[advisory.source] += 1
                collector.add(row, advisory)
    counts = {source: SourceCount(given[source], resolved[source]) for source in sorted(given)}
    return collector.finish(len(catalog)), counts


def _resolve(catalog: Catalog, batch: list[Advisory]) -> NDArray[np.int32]:
    rows = np.full(len(batch), -1, dtype=np.int32)
    if any(advisory.imdb_id for advisory in batch):
        known = catalog.row_of_imdb_id
        rows[:] = [known.get(advisory.imdb_id or "", -1) for advisory in batch]
    left = np.flatnonzero(rows < 0).tolist()
    if left:
        titles = [batch[position].title for position in left]
        rows[left] = catalog.resolve_many(titles, [batch[position].year for position in left])
    return rows


class _Collector:
    """Statements on their way into columns."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._subjects = (*CATEGORIES, *taxonomy.topics)
        self._subject = {subject: position for position, subject in enumerate(self._subjects)}
        self._sources: dict[str, int] = {}
        self._texts: dict[str, int] = {"": 0}
        self._reviews: dict[frozenset[str], frozenset[int]] = {}
        self._columns: tuple[list[int], list[int], list[int], list[int], list[int]] = ([], [], [], [], [])

    def add(self, row: int, advisory: Advisory) -> None:
        """Take in one advisory about ``row``."""
        source = self._sources.setdefault(advisory.source, len(self._sources))
        stated: dict[int, tuple[int, str]] = {}
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
            if subject not in stated or statement.value > stated[subject][0]:
                stated[subject] = (statement.value, statement.words)
        unremarkable = self._reviewed(advisory).difference(stated)
        rows, subjects, sources, values, words = self._columns
        for subject, (value, text) in stated.items():
            subjects.append(subject)
            values.append(value)
            words.append(self._texts.setdefault(text, len(self._texts)))
        subjects.extend(unremarkable)
        values.extend([0] * len(unremarkable))
        words.extend([0] * len(unremarkable))
        size = len(stated) + len(unremarkable)
        rows.extend([row] * size)
        sources.extend([source] * size)

    def _reviewed(self, advisory: Advisory) -> frozenset[int]:
        topics = self._reviews.get(advisory.reviews_topics)
        if topics is None:
            topics = frozenset(
                self._subject[topic] for topic in self._subject.keys() & advisory.reviews_topics
            )
            self._reviews[advisory.reviews_topics] = topics
        return topics | frozenset(range(len(CATEGORIES))) if advisory.reviews_guide else topics

    def finish(self, items: int) -> Evidence:
        """The columns, sorted by row."""
        rows = np.array(self._columns[0], dtype=np.int32)
        order = np.argsort(rows, kind="stable")
        offsets = np.zeros(items + 1, dtype=np.int64)
        np.cumsum(np.bincount(rows, minlength=items), out=offsets[1:])
        texts = StringColumn.of(self._texts)
        return Evidence(
            self._subjects,
            tuple(self._sources),
            {
                "evidence.offsets": offsets,
                "evidence.subject": np.array(self._columns[1], dtype=np.uint16)[order],
                "evidence.source": np.array(self._columns[2], dtype=np.uint16)[order],
                "evidence.value": np.array(self._columns[3], dtype=np.int8)[order],
                "evidence.words": np.array(self._columns[4], dtype=np.int32)[order],
                "evidence.texts": texts.data,
                "evidence.texts.offsets": texts.offsets,
            },
        )
