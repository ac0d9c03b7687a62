"""Evidence: the statements of all sources that count, as columns sorted by catalog row."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.catalog import Catalog, make_label
from safecrs.catalog.index import OTHER_ARTICLE, UNDATED_GAP
from safecrs.catalog.table import StringColumn
from safecrs.errors import SafecrsError
from safecrs.storage import Tensors
from safecrs.taxonomy import CATEGORIES, SEVERITIES, Taxonomy, audience_table
from safecrs.taxonomy.topics import DESCRIPTORS, canonical_topic, known_topics, topic_key

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
    """The number of advisories of a source, and of those that count for a catalog item."""

    advisories: int
    resolved: int


class Evidence:
    """Statements in compressed rows: those of ``row`` are at ``offsets[row]:offsets[row + 1]``.

    Attributes:
        subjects: guide categories, the taxonomy's topics, topics that no trait uses, certificates;
            ``subject`` (uint16) indexes them.
        sources: source names; ``source`` (uint16) indexes them.
        value: int8, severity or yes/no.
        words: int32 into ``texts``; texts[0] is empty.
        tensors: the columns, by the names that the constructor reads.
    """

    def __init__(
        self, subjects: tuple[str, ...], sources: tuple[str, ...], tensors: Mapping[str, NDArray[Any]]
    ) -> None:
        self.subjects, self.sources = subjects, sources
        self.tensors: Tensors = {name: tensors[name] for name in tensors if name.startswith("evidence.")}
        self.offsets: NDArray[np.int64] = tensors["evidence.offsets"]
        self.subject: NDArray[np.uint16] = tensors["evidence.subject"]
        self.source: NDArray[np.uint16] = tensors["evidence.source"]
        self.value: NDArray[np.int8] = tensors["evidence.value"]
        self.words: NDArray[np.int32] = tensors["evidence.words"]
        self.texts = StringColumn(tensors["evidence.texts"], tensors["evidence.texts.offsets"])
        columns = (self.subject, self.source, self.value, self.words)
        if any(len(column) != int(self.offsets[-1]) for column in columns):
            raise ValueError("the evidence columns differ in length")

    def of(self, row: int) -> list[Finding]:
        """All findings about a row, the most serious first."""
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
    """Resolve advisories to catalog rows and collect their statements; the counts are by source.

    An advisory is matched by IMDb id, else by title and year. Of each source only the closest matches of a
    row count: by id or by exact title and year, then by the nearest year, then with another article ("The
    Frozen (2012)" says nothing about "Frozen (2013)" if the source has that film too). A match that differs
    in both year and article is no match. If the advisory or the item has no year, its serious statements
    count beside closer matches. Of several statements of a source about one subject, the most serious counts.

    A category or topic that was considered but not stated becomes a statement of value 0. Topics that no
    trait uses are kept.

    Args:
        skipped: counts what is left out: unknown topics, works of another medium, and serious statements
            about items that the catalog lacks; without it unknown topics are a warning.

    Raises:
        SafecrsError: a statement's value is out of range; names source and title.
    """
    told = skipped or Skipped()
    subjects, place = _subjects(taxonomy)
    sources: dict[str, int] = {}
    given: Counter[str] = Counter()
    texts = {"": 0}
    reviews: dict[tuple[bool, frozenset[str]], int] = {}
    labels: list[str] = []
    about = array("q")  # row, source, distance and review of each advisory that is about an item
    stated = array("q")  # advisory, subject, value and words of each of their statements
    for said, row, distance in _resolved(catalog, advisories):
        source = sources.setdefault(said.source, len(sources))
        given[said.source] += 1
        label = quoted(make_label(said.title, said.year))
        if other := said.medium not in (None, taxonomy.domain):
            told.add(said.source, label, f"about a {said.medium}, not a {taxonomy.domain}", odd=False)
        elif row < 0 and any(statement.value > 0 for statement in said.statements):
            told.add(
                said.source, label, "says something serious about an item that the catalog lacks", odd=False
            )
        if other or row < 0:
            continue
        certified = (Statement(name, 1) for name in said.certificates if place(name) is not None)
        for statement in (*said.statements, *certified):
            if (subject := place(statement.subject)) is None:
                told.add(
                    said.source,
                    quoted(statement.subject),
                    "a topic of a name that is not known, left out",
                )
                continue
            highest = len(SEVERITIES) - 1 if subject < len(CATEGORIES) else 1
            if not 0 <= statement.value <= highest:
                raise SafecrsError(
                    f"{said.source} says {statement.value} about {statement.subject!r} of "
                    f"{said.title!r}; it must lie between 0 and {highest}."
                )
            words = texts.setdefault(statement.words, len(texts))
            stated.extend((len(labels), subject, statement.value, words))
        review = reviews.setdefault((said.reviews_guide, said.reviews_topics), len(reviews))
        about.extend((row, source, distance, review))
        labels.append(label)
    advised = np.array(about, dtype=np.int64).reshape(-1, 4).T
    reviewed = [(*(CATEGORIES if guide else ()), *topics) for guide, topics in reviews]
    places = [[at for subject in both if (at := place(subject)) is not None] for both in reviewed]
    considered = _considered(advised[3], [np.array(at, dtype=np.int64) for at in places])
    statements = np.vstack([np.array(stated, dtype=np.int64).reshape(-1, 4), considered]).T
    order, used = _counting(advised, statements)
    names = tuple(sources)
    for at in np.setdiff1d(statements[0, statements[2] > 0], np.flatnonzero(used)).tolist():
        told.add(
            names[advised[1, at]],
            labels[at],
            "says something serious, but another row of this source fits the item better",
            odd=False,
        )
    if skipped is None:
        told.warn()
    resolved = np.bincount(advised[1, used], minlength=len(names)).tolist()
    counts = {name: SourceCount(given[name], resolved[sources[name]]) for name in sorted(names)}
    advisory, about_what, value, said_in = statements[:, order]
    held = StringColumn.of(texts)
    columns = {
        "evidence.offsets": np.searchsorted(advised[0, advisory], np.arange(len(catalog) + 1)),
        "evidence.subject": about_what.astype(np.uint16),
        "evidence.source": advised[1, advisory].astype(np.uint16),
        "evidence.value": value.astype(np.int8),
        "evidence.words": said_in.astype(np.int32),
        "evidence.texts": held.data,
        "evidence.texts.offsets": held.offsets,
    }
    return Evidence(subjects, names, columns), counts


def _subjects(taxonomy: Taxonomy) -> tuple[tuple[str, ...], Callable[[str], int | None]]:
    """The possible subjects of statements, and a lookup of a subject's index by any of its names."""
    topics = {
        topic_key(canonical_topic(name)): at for at, name in enumerate(taxonomy.topics, len(CATEGORIES))
    }
    named = (*CATEGORIES, *taxonomy.topics)
    more = (topic for topic in known_topics() if topic not in named and topic_key(topic) not in topics)
    subjects = (*named, *more, *audience_table().certificates)
    # A trait may use another name of a topic; a topic with the name of an ESRB descriptor is not that.
    keys = {key: place for key, place in topics.items() if subjects[place] not in DESCRIPTORS}
    places = {subject: place for place, subject in reversed([*enumerate(subjects)])}

    def place(subject: str) -> int | None:
        return places[subject] if subject in places else keys.get(topic_key(subject))

    return subjects, place


def _resolved(catalog: Catalog, advisories: Iterable[Advisory]) -> Iterator[tuple[Advisory, int, int]]:
    """Each advisory with its catalog row (−1 for none) and the distance of the match."""
    stream = iter(advisories)
    while batch := list(islice(stream, _BATCH)):
        known = catalog.row_of_imdb_id if any(advisory.imdb_id for advisory in batch) else {}
        rows = np.array([known.get(advisory.imdb_id or "", -1) for advisory in batch], dtype=np.int32)
        distances = np.full(len(batch), _BY_ID, dtype=np.int8)
        left = np.flatnonzero(rows < 0)
        asked = [batch[position] for position in left.tolist()]
        found, distance = catalog.match_many([a.title for a in asked], [a.year for a in asked])
        off_in_both = (distance > OTHER_ARTICLE) & (distance < OTHER_ARTICLE + UNDATED_GAP)
        rows[left], distances[left] = np.where(off_in_both, -1, found), distance
        for position in left[(rows[left] >= 0) & (distances[left] > 0)].tolist():
            theirs = catalog.imdb_id(int(rows[position]))
            if theirs and (batch[position].imdb_id or theirs) != theirs:
                rows[position] = -1  # another film of that title
        yield from zip(batch, rows.tolist(), distances.tolist(), strict=True)


def _considered(review: NDArray[np.int64], subjects: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Statements of value 0, int64 [statements, 4], about the ``subjects`` of each advisory's review."""
    sizes = np.array([len(places) for places in subjects], dtype=np.int64)[review]
    about = np.concatenate([np.zeros(0, np.int64), *(subjects[n] for n in review.tolist())])
    zeros = np.zeros_like(about)
    return np.column_stack([np.repeat(np.arange(len(review)), sizes), about, zeros, zeros])


def _counting(
    advised: NDArray[np.int64], statements: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Indices of the statements that count, sorted by row, source and subject; which advisories count."""
    row, source, distance, _ = advised
    advisory, subject, value, _ = statements
    group = row * (source.max(initial=0) + 1) + source
    away = np.maximum(distance, 0)
    first = np.lexsort((away, group))
    first = first[np.diff(group[first], prepend=-1) != 0]
    closest = away == away[first][np.searchsorted(group[first], group)]
    serious = (value > 0) & (distance == UNDATED_GAP)[advisory]
    kept = np.flatnonzero(closest[advisory] | serious)
    said = group[advisory] * (subject.max(initial=0) + 1) + subject
    # Of a source's statements about a subject the most serious is kept, of equally serious ones the closest.
    order = kept[np.lexsort((distance[advisory[kept]], -value[kept], said[kept]))]
    order = order[np.diff(said[order], prepend=-1) != 0]
    return order, closest | np.isin(np.arange(len(row)), advisory[kept])
