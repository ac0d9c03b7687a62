"""How well the shipped detector finds the sensitivities that a benchmark discloses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import Sample
from safecrs.conversation import Conversation, Message
from safecrs.detection import detect_traits
from safecrs.studies.benchmark_report.checks import undisclosed
from safecrs.studies.benchmark_report.shares import ShareFact

if TYPE_CHECKING:
    from safecrs.taxonomy import Taxonomy


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
