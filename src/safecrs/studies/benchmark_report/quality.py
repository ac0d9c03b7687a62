"""How well the words of MPAA reasons are read, against labels set by hand."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from safecrs.advisories.mpaa_reason import parse_reason, read_reason
from safecrs.advisories.tables import read_table
from safecrs.errors import SafecrsError
from safecrs.scoring.statistics import Estimate, Frozen
from safecrs.storage import fingerprint
from safecrs.taxonomy import CATEGORIES

PARTS = ("held-out", "dev")
LABELS = Path(__file__).resolve().parents[4] / "data" / "mpaa_labels.tsv"
"""Labels by digest of the reason, in the source repository only; data/mpaa_labels.md describes them."""

Reading = tuple[tuple[int, ...], frozenset[str]]
"""Severities over `CATEGORIES`, and the topics that the words clearly speak to."""


class LabelledReason(NamedTuple):
    """A reason, its rating, and how a person read it."""

    reason: str
    rating: str
    label: Reading


class ShareFact(Estimate):
    """``hits`` of ``total`` as a share with its 95 % Wilson interval; value None of nothing."""

    hits: int
    total: int

    @classmethod
    def of(cls, hits: int, total: int) -> ShareFact:
        """That many of so many."""
        if not total:
            return cls(hits=0, total=0, value=None, low=0.0, high=1.0)
        from scipy.stats import binomtest

        low, high = map(float, binomtest(hits, total).proportion_ci(method="wilson"))
        return cls(hits=hits, total=total, value=hits / total, low=low, high=high)

    @classmethod
    def count(cls, outcomes: Iterable[bool]) -> ShareFact:
        """The share of the outcomes that are true."""
        values = list(outcomes)
        return cls.of(sum(values), len(values))


class PrecisionRecall(Frozen):
    """Precision and recall; the totals are how much is predicted, and how much is true."""

    precision: ShareFact
    recall: ShareFact

    @classmethod
    def of(cls, pairs: Sequence[tuple[bool, bool]]) -> PrecisionRecall:
        """From (true, predicted) pairs."""
        return cls(
            precision=ShareFact.count(true for true, predicted in pairs if predicted),
            recall=ShareFact.count(predicted for true, predicted in pairs if true),
        )


class ParserPart(Frozen):
    """One part of the labels.

    Attributes:
        reasons: those that the table holds, of so many ``labels``.
        severities: "violence ≥ 2" → how well that is found; "all ≥ 2" over the five categories.
        topics: topic → the same; "all" over every topic.
        exact: cells (reason × category) whose severity is right; named: those with a severity above none.
        whole: reasons with all five severities right.
    """

    reasons: int
    labels: int
    severities: dict[str, PrecisionRecall]
    topics: dict[str, PrecisionRecall]
    exact: ShareFact
    named: ShareFact
    whole: ShareFact


class ParserFacts(Frozen):
    """The parser on every part of the labels, and the share of published reasons without an unknown word."""

    fingerprint: str
    understood: ShareFact
    parts: dict[str, ParserPart]


def measure_parser(published: Path) -> ParserFacts:
    """Parse the labelled reasons, where the labels are at hand, and the whole of ``published``.

    Args:
        published: a table of reasons and ratings; it may not lack all of the labelled ones.
    """
    return ParserFacts(
        fingerprint=fingerprint(published.read_bytes()),
        understood=ShareFact.count(
            not read_reason(row.cells["reason"], row.cells.get("rating")).unread
            for row in read_table(published, ["reason"])
        ),
        parts={part: measure_part(*labelled_reasons(published, part)) for part in PARTS if LABELS.exists()},
    )


def labelled_reasons(published: Path, part: str) -> tuple[list[LabelledReason], int]:
    """The reasons of ``published`` that `LABELS` has a label of this part for, and how many labels it has."""
    texts = [row.cells["reason"] for row in read_table(published, ["reason"])]
    reasons = {hashlib.sha256(text.encode()).hexdigest()[:12]: text for text in texts if text}
    labels = [row.cells for row in read_table(LABELS) if row.cells["part"] == part]
    found = []
    for cells in labels:
        if reason := reasons.get(cells["reason sha256"]):
            label = tuple(map(int, cells["severities"])), frozenset(filter(None, cells["topics"].split("|")))
            found.append(LabelledReason(reason, cells["rating"], label))
    if not found:
        raise SafecrsError(
            f"{published} holds none of the labelled reasons, word for word; give the table that "
            "docs/data.md names."
        )
    return found, len(labels)


def parsed(item: LabelledReason) -> Reading:
    """How the parser reads it."""
    said = {statement.subject: statement.value for statement in parse_reason(item.reason, item.rating)}
    return tuple(said.get(name, 0) for name in CATEGORIES), frozenset(said).difference(CATEGORIES)


def measure_part(items: Sequence[LabelledReason], labels: int) -> ParserPart:
    """The figures of these reasons, of so many labelled ones."""
    pairs = [(item.label, parsed(item)) for item in items]
    rated = [(true, found) for (true, _), (found, _) in pairs]
    cells = [cell for true, found in rated for cell in zip(true, found, strict=True)]
    columns = {name: [(t[at], f[at]) for t, f in rated] for at, name in enumerate(CATEGORIES)}
    spoken = [(true, found) for (_, true), (_, found) in pairs]
    answers = {
        topic: [(topic in true, topic in found) for true, found in spoken]
        for topic in sorted({topic for true, found in spoken for topic in true | found})
    }
    answers["all"] = [pair for column in answers.values() for pair in column]
    return ParserPart(
        reasons=len(pairs),
        labels=labels,
        severities={
            f"{name} ≥ {least}": PrecisionRecall.of([(t >= least, f >= least) for t, f in column])
            for least in (1, 2, 3)
            for name, column in (*columns.items(), ("all", cells))
        },
        topics={topic: PrecisionRecall.of(column) for topic, column in answers.items()},
        exact=ShareFact.count(true == found for true, found in cells),
        named=ShareFact.count(true == found for true, found in cells if true),
        whole=ShareFact.count(true == found for true, found in rated),
    )
