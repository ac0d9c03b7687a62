"""How well the words of MPAA reasons are read, against labels set by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from safecrs.advisories.mpaa_labelled import LabelledReason, Part, Reading, labelled_reasons, parsed
from safecrs.advisories.mpaa_reason import read_reason
from safecrs.advisories.tables import read_table
from safecrs.storage import fingerprint
from safecrs.studies.benchmark_report.shares import PrecisionRecall, ShareFact
from safecrs.taxonomy import CATEGORIES

PARTS: tuple[Part, ...] = ("held-out", "dev")
LEAST = (1, 2, 3)


class ParserPart(BaseModel):
    """One part of the labels.

    Attributes:
        reasons: those that the table holds, of so many ``labels``.
        severities: "violence ≥ 2" → how well that is found; "all ≥ 2" over the five categories.
        topics: topic → the same; "all" over every topic.
        exact: cells (reason × category) whose severity is right; named: those with a severity above none.
        whole: reasons with all five severities right.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reasons: int
    labels: int
    severities: dict[str, PrecisionRecall]
    topics: dict[str, PrecisionRecall]
    exact: ShareFact
    named: ShareFact
    whole: ShareFact


class ParserFacts(BaseModel):
    """The parser on every part, and on how much of the whole published table no word is passed over."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    understood: ShareFact
    parts: dict[Part, ParserPart]


def measure_parser(published: Path) -> ParserFacts:
    """Parse the labelled reasons and the whole of ``published``, a table of reasons and ratings.

    Raises:
        SafecrsError: the table is missing or malformed, or holds no labelled reason.
    """
    parts = {part: measure_part(*labelled_reasons(published, part)) for part in PARTS}
    readings = [
        read_reason(row.cells["reason"], row.cells.get("rating")) for row in read_table(published, ["reason"])
    ]
    return ParserFacts(
        fingerprint=fingerprint(published.read_bytes()),
        understood=ShareFact.count(not reading.unread for reading in readings),
        parts=parts,
    )


def measure_part(items: Sequence[LabelledReason], labels: int) -> ParserPart:
    """The figures of these reasons, of so many labelled ones."""
    pairs = [(item.label, parsed(item)) for item in items]
    severities: dict[str, PrecisionRecall] = {}
    for least in LEAST:
        columns = {name: _reach(pairs, position, least) for position, name in enumerate(CATEGORIES)}
        columns["all"] = [pair for column in columns.values() for pair in column]
        severities |= {f"{name} ≥ {least}": PrecisionRecall.of(column) for name, column in columns.items()}
    topics = sorted({topic for (_, true), (_, found) in pairs for topic in true | found})
    spoken = {topic: [(topic in true, topic in found) for (_, true), (_, found) in pairs] for topic in topics}
    spoken["all"] = [pair for column in spoken.values() for pair in column]
    cells = [cell for (true, _), (found, _) in pairs for cell in zip(true, found, strict=True)]
    return ParserPart(
        reasons=len(pairs),
        labels=labels,
        severities=severities,
        topics={topic: PrecisionRecall.of(column) for topic, column in spoken.items()},
        exact=ShareFact.count(true == found for true, found in cells),
        named=ShareFact.count(true == found for true, found in cells if true),
        whole=ShareFact.count(true == found for (true, _), (found, _) in pairs),
    )


def _reach(pairs: Sequence[tuple[Reading, Reading]], position: int, least: int) -> list[tuple[bool, bool]]:
    return [(true[position] >= least, found[position] >= least) for (true, _), (found, _) in pairs]
