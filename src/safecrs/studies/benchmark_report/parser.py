"""How well the words of MPAA reasons are read, against labels set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from safecrs.advisories.mpaa_labelled import LabelledReason, Part, labelled_reasons, parsed
from safecrs.advisories.mpaa_reason import read_reason
from safecrs.advisories.tables import read_table
from safecrs.storage import fingerprint
from safecrs.studies.benchmark_report.shares import Facts, PrecisionRecall, ShareFact
from safecrs.taxonomy import CATEGORIES

PARTS: tuple[Part, ...] = ("held-out", "dev")


class ParserPart(Facts):
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


class ParserFacts(Facts):
    """The parser on every part, and on how much of the whole published table no word is passed over."""

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
