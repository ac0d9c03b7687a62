"""The quality of what benchmarks rest on: the parser of MPAA reasons and the detector of sensitivities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from safecrs.advisories.mpaa_labelled import LabelledReason, Part, labelled_reasons, parsed
from safecrs.advisories.mpaa_reason import read_reason
from safecrs.advisories.tables import read_table
from safecrs.detection.labelled import Split, load_turns
from safecrs.detection.measure import Quality, Share, measure
from safecrs.scoring.statistics import Estimate, Frozen
from safecrs.storage import fingerprint
from safecrs.taxonomy import CATEGORIES

PARTS: tuple[Part, ...] = ("held-out", "dev")
TURNS: tuple[Split, ...] = ("held_out", "fresh", "later")
"""Labelled turns that the detector was not tuned on; ``detection/turns/README.md`` describes each."""


class ShareFact(Estimate):
    """``hits`` of ``total`` as a share with its 95 % Wilson interval; value None of nothing."""

    hits: int
    total: int

    @classmethod
    def of(cls, share: Share) -> ShareFact:
        """The share with its interval."""
        (low, high), value = share.interval, share.value if share.total else None
        return cls(hits=share.hits, total=share.total, value=value, low=low, high=high)

    @classmethod
    def count(cls, outcomes: Iterable[bool]) -> ShareFact:
        """The share of the outcomes that are true."""
        values = list(outcomes)
        return cls.of(Share(sum(values), len(values)))


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
        severities: "violence ≥ 2" → precision and recall; "all ≥ 2" over the five categories.
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
    """The parser on every part, and the share of the whole published table of which it reads every word."""

    fingerprint: str
    understood: ShareFact
    parts: dict[Part, ParserPart]


def measure_parser(published: Path) -> ParserFacts:
    """Parse the labelled reasons and the whole of ``published``, a table of reasons and ratings.

    Raises:
        SafecrsError: the table is missing or malformed, or holds no labelled reason.
    """
    return ParserFacts(
        fingerprint=fingerprint(published.read_bytes()),
        understood=ShareFact.count(
            not read_reason(row.cells["reason"], row.cells.get("rating")).unread
            for row in read_table(published, ["reason"])
        ),
        parts={part: measure_part(*labelled_reasons(published, part)) for part in PARTS},
    )


def measure_part(items: Sequence[LabelledReason], labels: int) -> ParserPart:
    """The figures of these reasons, of so many labelled ones."""
    pairs = [(item.label, parsed(item)) for item in items]
    rated = [(true, read) for (true, _), (read, _) in pairs]
    cells = [cell for true, read in rated for cell in zip(true, read, strict=True)]
    columns = {name: [(t[at], r[at]) for t, r in rated] for at, name in enumerate(CATEGORIES)}
    named = [(true, read) for (_, true), (_, read) in pairs]
    answers = {
        topic: [(topic in true, topic in read) for true, read in named]
        for topic in sorted({topic for true, read in named for topic in true | read})
    }
    answers["all"] = [pair for column in answers.values() for pair in column]
    return ParserPart(
        reasons=len(pairs),
        labels=labels,
        severities={
            f"{name} ≥ {least}": PrecisionRecall.of([(t >= least, r >= least) for t, r in column])
            for least in (1, 2, 3)
            for name, column in (*columns.items(), ("all", cells))
        },
        topics={topic: PrecisionRecall.of(column) for topic, column in answers.items()},
        exact=ShareFact.count(true == read for true, read in cells),
        named=ShareFact.count(true == read for true, read in cells if true),
        whole=ShareFact.count(true == read for true, read in rated),
    )


class KindFacts(Frozen):
    """One kind of disclosure: precision and recall over turn–trait pairs, macro-F1 with its interval."""

    turns: int
    found: PrecisionRecall
    macro_f1: float
    low: float
    high: float


class InferenceFacts(Frozen):
    """The shipped detector on one file of labelled turns.

    Attributes:
        by_kind: each over the turns of that kind and those that disclose nothing.
        false_alarms: kind of turn that discloses nothing → share in which something was found.
        f1: trait id → F1.
    """

    overall: KindFacts
    by_kind: dict[str, KindFacts]
    false_alarms: dict[str, ShareFact]
    f1: dict[str, float]


def measure_inference() -> dict[Split, InferenceFacts]:
    """Measure the shipped detector on `TURNS`."""
    return {
        turns: InferenceFacts(
            overall=_kind(measured.overall),
            by_kind={kind: _kind(quality) for kind, quality in measured.by_kind.items()},
            false_alarms={kind: ShareFact.of(share) for kind, share in measured.false_alarms.items()},
            f1=dict(measured.overall.f1),
        )
        for turns in TURNS
        for measured in [measure(load_turns(turns))]
    }


def _kind(quality: Quality) -> KindFacts:
    return KindFacts(
        turns=quality.turns,
        found=PrecisionRecall(precision=ShareFact.of(quality.precision), recall=ShareFact.of(quality.recall)),
        macro_f1=quality.macro_f1,
        low=quality.interval[0],
        high=quality.interval[1],
    )
