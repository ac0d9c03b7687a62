"""How well disclosed sensitivities are found in turns labelled by hand."""

from __future__ import annotations

from safecrs.detection.labelled import Split, load_turns
from safecrs.detection.measure import Quality, measure
from safecrs.studies.benchmark_report.shares import Facts, PrecisionRecall, ShareFact


class KindFacts(Facts):
    """One kind of disclosure: precision and recall over turn–trait pairs, macro-F1 with its interval."""

    turns: int
    found: PrecisionRecall
    macro_f1: float
    low: float
    high: float


class InferenceFacts(Facts):
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
    """Measure the shipped detector on the turns that it was not tuned on.

    How much each file of turns flatters: ``traits/turns/README.md``.
    """
    files: tuple[Split, ...] = ("held_out", "fresh", "later")
    return {
        turns: InferenceFacts(
            overall=_kind(measured.overall),
            by_kind={kind: _kind(quality) for kind, quality in measured.by_kind.items()},
            false_alarms={kind: ShareFact.of(share) for kind, share in measured.false_alarms.items()},
            f1=dict(measured.overall.f1),
        )
        for turns in files
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
