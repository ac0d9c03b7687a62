"""How well disclosed sensitivities are found: in turns labelled by hand, and in a benchmark's test split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import Sample
from safecrs.conversation import Conversation, Message
from safecrs.detection import detect_traits
from safecrs.detection.labelled import Split, load_turns
from safecrs.detection.measure import Quality, Share, measure
from safecrs.studies.benchmark_report.checks import undisclosed
from safecrs.studies.benchmark_report.shares import PrecisionRecall, ShareFact

if TYPE_CHECKING:
    from safecrs.taxonomy import Taxonomy

MEASURED: tuple[Split, ...] = ("held_out", "fresh", "later")
"""Files of labelled turns that measure; how much each flatters: ``traits/turns/README.md``."""


class KindFacts(BaseModel):
    """One kind of disclosure: precision and recall over turn–trait pairs, macro-F1 with its interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turns: int
    found: PrecisionRecall
    macro_f1: float
    low: float
    high: float


class InferenceFacts(BaseModel):
    """The shipped detector on one file of labelled turns.

    Attributes:
        by_kind: each over the turns of that kind and those that disclose nothing.
        false_alarms: kind of turn that discloses nothing → share in which something was found.
        f1: trait id → F1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    overall: KindFacts
    by_kind: dict[str, KindFacts]
    false_alarms: dict[str, ShareFact]
    f1: dict[str, float]


class DetectionFacts(BaseModel):
    """The shipped detector on a benchmark.

    Attributes:
        found: style of disclosure → share of the traits disclosed in the test that were found.
        another: test conversations with a sensitivity in which another than theirs was found too.
        unprompted: conversations as they were before a disclosure was written in, in which one was found:
            those of real people in every split where there are any, else those of the test. Real people may
            have told something of their own; all else are false alarms.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    found: dict[str, ShareFact]
    another: ShareFact
    unprompted: ShareFact


def measure_inference() -> dict[Split, InferenceFacts]:
    """Measure the shipped detector on the turns that it was not tuned on (`safecrs.detection.measure`)."""
    return {turns: _measure(turns) for turns in MEASURED}


def _measure(turns: Split) -> InferenceFacts:
    measured = measure(load_turns(turns))
    return InferenceFacts(
        overall=_kind(measured.overall),
        by_kind={kind: _kind(quality) for kind, quality in measured.by_kind.items()},
        false_alarms={kind: _share(share) for kind, share in measured.false_alarms.items()},
        f1=dict(measured.overall.f1),
    )


def detection_facts(tested: Sequence[Sample], real: Sequence[Sample], taxonomy: Taxonomy) -> DetectionFacts:
    """Detect in every conversation as the recommender would, and compare with what was disclosed."""
    said: dict[str, list[bool]] = {}
    another: list[bool] = []
    for sample in tested:
        if sample.constraints:
            found = _detected(sample.prompt, taxonomy)
            for disclosed in sample.disclosure:
                said.setdefault(disclosed.style, []).append(disclosed.trait in found)
            another.append(bool(found.difference(sample.constraints)))
    return DetectionFacts(
        found={style: ShareFact.count(said[style]) for style in sorted(said)},
        another=ShareFact.count(another),
        unprompted=ShareFact.count(bool(_detected(_before(sample), taxonomy)) for sample in real or tested),
    )


def _before(sample: Sample) -> Conversation:
    return (*sample.prompt[:-1], Message(role="user", content=undisclosed(sample) or "…"))


def _detected(prompt: Conversation, taxonomy: Taxonomy) -> set[str]:
    return {disclosure.trait for disclosure in detect_traits(prompt, taxonomy)}


def _kind(quality: Quality) -> KindFacts:
    low, high = quality.interval
    found = PrecisionRecall(precision=_share(quality.precision), recall=_share(quality.recall))
    return KindFacts(turns=quality.turns, found=found, macro_f1=quality.macro_f1, low=low, high=high)


def _share(share: Share) -> ShareFact:
    return ShareFact.of(share.hits, share.total)
