"""Measures detection: ``python tools/measure_detection.py [--dialogues DIR] [--embeddings] [--json]``.

Prints precision, recall and F1 by kind of turn and by trait, calibration, thresholds and false alarms on real
dialogues.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from scipy.stats import binomtest

from detection_data import Kind, Split, Turn, disclosing, load_turns, read_dialogues
from safecrs.cli.output import console, print_json
from safecrs.conversation import Message
from safecrs.detection import Detector, Disclosure, RuleDetector, load_embedding_detector
from safecrs.detection.strength import THRESHOLDS, Strength
from safecrs.taxonomy import load_taxonomy

# Turns that nothing is fitted on; data/turns/README.md says how much each flatters.
REPORTED: tuple[Split, ...] = ("held_out", "fresh", "later")
POSITIVE_KINDS: tuple[Kind, ...] = ("explicit", "implicit", "family", "several")
_BINS = 10


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``total``."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """hits / total; 0 of nothing is 0."""
        return self.hits / self.total if self.total else 0.0

    def interval(self, method: Literal["wilson", "exact"] = "wilson") -> tuple[float, float]:
        """95 % confidence interval, Wilson's or the exact one (Clopper and Pearson); (0, 1) of nothing."""
        if not self.total:
            return 0.0, 1.0
        low, high = binomtest(self.hits, self.total).proportion_ci(0.95, method)
        return float(low), float(high)


@dataclass(frozen=True, slots=True)
class TraitQuality:
    """Quality on one trait; ``interval``: 95 % bootstrap interval of F1."""

    precision: Share
    recall: Share
    f1: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quality:
    """Quality over turn–trait pairs.

    Attributes:
        macro_f1: mean F1 over the traits that occur; ``interval``: its 95 % bootstrap interval.
        by_trait: the traits that occur.
    """

    turns: int
    precision: Share
    recall: Share
    micro_f1: float
    macro_f1: float
    interval: tuple[float, float]
    by_trait: Mapping[str, TraitQuality]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether the probabilities of ``count`` reported disclosures are calibrated.

    Attributes:
        ece: expected calibration error, Σ |right − Σ probability| over ten equal bins, by disclosure.
        brier: mean of (probability − right)².
    """

    count: int
    ece: float
    brier: float


@dataclass(frozen=True, slots=True)
class Measured:
    """A detector on one file of labelled turns.

    Attributes:
        by_kind: each over the turns of that kind and those that disclose nothing, so that always answering
            does not pay.
        false_alarms: kind of turn that discloses nothing → share in which something was found.
    """

    overall: Quality
    by_kind: Mapping[Kind, Quality]
    false_alarms: Mapping[Kind, Share]
    reliability: Reliability


@dataclass(frozen=True, slots=True)
class Measurement:
    """All that is measured of a detector.

    Attributes:
        thresholds: how strict the words are → share of the disclosures whose threshold is right; one that
            was not found is wrong.
        false_alarms: corpus and half ("redial dev") → share of the real dialogues that disclose nothing in
            which something was found; empty without their folder. Rules may have been changed after reading
            alarms of the half "dev".
    """

    turns: Mapping[Split, Measured]
    thresholds: Mapping[Strength, Share]
    false_alarms: Mapping[str, Share]


def measure_detection(
    detector: Detector, dialogues: Path | None = None, draws: int = 1000, seed: int = 0
) -> Measurement:
    """Measure a detector; takes some seconds.

    Args:
        dialogues: the folder of the real dialogues (`read_dialogues`).
        draws: bootstrap samples of each interval.
    """
    return Measurement(
        turns={split: measure(load_turns(split), detector, draws, seed) for split in REPORTED},
        thresholds=_thresholds(load_turns("threshold_held_out"), detector),
        false_alarms=false_alarms(dialogues, detector) if dialogues else {},
    )


def measure(turns: Sequence[Turn], detector: Detector, draws: int = 1000, seed: int = 0) -> Measured:
    """Measure a detector on labelled turns, each with the assigned traits of its domain."""
    found = [_detect(turn, detector) for turn in turns]
    traits = tuple(dict.fromkeys(t for turn in turns for t in load_taxonomy(turn.domain).assigned.ids))
    truth = np.array([[trait in turn.traits for trait in traits] for turn in turns])
    reported = np.array([[trait in {f.trait for f in each} for trait in traits] for each in found])
    silent = ~truth.any(axis=1)
    kinds = np.array([turn.kind for turn in turns])

    def quality(rows: NDArray[np.bool_]) -> Quality:
        return _quality(truth[rows], reported[rows], traits, draws, seed)

    return Measured(
        overall=quality(np.ones(len(turns), dtype=np.bool_)),
        by_kind={kind: quality((kinds == kind) | silent) for kind in POSITIVE_KINDS if kind in kinds},
        false_alarms={
            kind: Share(int(reported[rows].any(axis=1).sum()), int(rows.sum()))
            for kind in dict.fromkeys(turn.kind for turn in turns if not turn.traits)
            for rows in [(kinds == kind) & silent]
        },
        reliability=reliability(
            (one.probability, one.trait in turn.traits)
            for turn, each in zip(turns, found, strict=True)
            for one in each
        ),
    )


def reliability(stated: Iterable[tuple[float, bool]]) -> Reliability:
    """From the probability of each disclosure and whether it is right; all zeros of nothing."""
    probability, right = np.array([*stated], dtype=np.float64).reshape(-1, 2).T
    count = max(len(right), 1)
    place = np.clip(np.ceil(probability * _BINS).astype(int) - 1, 0, _BINS - 1)
    gaps = np.bincount(place, weights=right - probability, minlength=_BINS)
    misses = (probability - right) ** 2
    return Reliability(len(right), float(np.abs(gaps).sum() / count), float(misses.sum() / count))


def false_alarms(folder: Path, detector: Detector) -> dict[str, Share]:
    """False alarms of assigned traits on the real dialogues in ``folder``, by corpus and half."""
    taxonomy, known = load_taxonomy("film"), disclosing()
    assigned = taxonomy.assigned.ids
    fired: dict[str, list[bool]] = {}
    for dialogue in read_dialogues(folder):
        if dialogue.id not in known:
            found = detector.detect(dialogue.messages, {}, taxonomy).constraints.keys()
            corpus = dialogue.id.partition(":")[0]
            fired.setdefault(f"{corpus} {dialogue.half}", []).append(not found.isdisjoint(assigned))
    return {name: Share(sum(alarms), len(alarms)) for name, alarms in sorted(fired.items())}


def _detect(turn: Turn, detector: Detector) -> tuple[Disclosure, ...]:
    """The traits found; ages are no labels of these turns, where a child stands for traits."""
    message, taxonomy = Message(role="user", content=turn.text), load_taxonomy(turn.domain).assigned
    found = detector.detect((message,), {}, taxonomy).disclosures
    return tuple(one for one in found if one.trait in taxonomy.column)


def _thresholds(turns: Sequence[Turn], detector: Detector) -> dict[Strength, Share]:
    right: dict[Strength, list[bool]] = {strength: [] for strength in THRESHOLDS}
    for turn in turns:
        read = {found.trait: found.threshold for found in _detect(turn, detector)}
        for trait in turn.traits:
            strength = turn.strength.get(trait, "usual")
            right[strength].append(read.get(trait) == THRESHOLDS[strength])
    return {strength: Share(sum(hits), len(hits)) for strength, hits in right.items()}


def _quality(
    truth: NDArray[np.bool_], found: NDArray[np.bool_], traits: Sequence[str], draws: int, seed: int
) -> Quality:
    rng = np.random.default_rng(seed)
    drawn = [rng.integers(0, len(truth), len(truth)) for _ in range(draws)]
    # True positives, found and true by trait: [draws + 1, 3, traits]; the first row is the whole sample.
    counts = np.stack(
        [
            np.stack([(truth[rows] & found[rows]).sum(0), found[rows].sum(0), truth[rows].sum(0)])
            for rows in [np.arange(len(truth)), *drawn]
        ]
    )
    hits, reported, true = (counts[:, place] for place in range(3))
    f1 = np.where(reported + true > 0, 2 * hits / np.maximum(reported + true, 1), 0.0)
    occurs = true > 0
    macro = (f1 * occurs).sum(axis=1) / np.maximum(occurs.sum(axis=1), 1)
    tp, said, meant = (int(total) for total in counts[0].sum(axis=1))
    return Quality(
        turns=len(truth),
        precision=Share(tp, said),
        recall=Share(tp, meant),
        micro_f1=2 * tp / (said + meant) if said + meant else 0.0,
        macro_f1=float(macro[0]),
        interval=_interval(macro[1:]),
        by_trait={
            trait: TraitQuality(
                Share(int(hits[0, place]), int(reported[0, place])),
                Share(int(hits[0, place]), int(true[0, place])),
                float(f1[0, place]),
                _interval(f1[1:, place][occurs[1:, place]]),
            )
            for place, trait in enumerate(traits)
            if occurs[0, place]
        },
    )


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5]) if len(values) else (0.0, 1.0)
    return float(low), float(high)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how well disclosures are detected.")
    parser.add_argument(
        "--dialogues", type=Path, help="a folder with the ReDial and INSPIRED dialogues, for false alarms"
    )
    parser.add_argument("--embeddings", action="store_true", help="add the embedding detector to the rules")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    detector = RuleDetector(load_embedding_detector() if options.embeddings else None)
    measurement = measure_detection(detector, options.dialogues)
    if options.json:
        print_json(measurement)
    else:
        for table in tables(measurement):
            console().print(table, "")


def tables(measurement: Measurement) -> Iterator[Table]:
    """The measurement as terminal tables."""
    for split, measured in measurement.turns.items():
        kinds = [
            _row(kind, quality) for kind, quality in (("all", measured.overall), *measured.by_kind.items())
        ]
        alarms = [(kind, "", "", "", _share(share)) for kind, share in measured.false_alarms.items()]
        head = "kind, macro F1, precision, recall, false alarms"
        yield _table(f"{split}: by kind of turn", head, [*kinds, *alarms])
        by_trait = [_row(trait, quality) for trait, quality in measured.overall.by_trait.items()]
        yield _table(f"{split}: by trait", "trait, F1, precision, recall", by_trait)
    stated = [(split, measured.reliability) for split, measured in measurement.turns.items()]
    rows = [(split, str(found.count), f"{found.ece:.3f}", f"{found.brier:.3f}") for split, found in stated]
    yield _table("Calibration of what was reported", "turns, disclosures, ECE, Brier", rows)
    right = [(strength, _share(share)) for strength, share in measurement.thresholds.items()]
    yield _table("Thresholds read right", "words, share", right)
    if measurement.false_alarms:
        real = [(name, _share(share, exact=True)) for name, share in measurement.false_alarms.items()]
        yield _table("Real dialogues that disclose nothing", "corpus and half, false alarms", real)


def _row(name: str, quality: Quality | TraitQuality) -> tuple[str, ...]:
    f1 = quality.macro_f1 if isinstance(quality, Quality) else quality.f1
    low, high = quality.interval
    return name, f"{f1:.3f} [dim]{low:.3f}–{high:.3f}[/]", _share(quality.precision), _share(quality.recall)


def _table(title: str, columns: str, rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns.split(", ")):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _share(share: Share, exact: bool = False) -> str:
    if not share.total:
        return "–"
    low, high = share.interval("exact" if exact else "wilson")
    return f"{share.hits}/{share.total} = {share.value:.1%} [dim]{low:.1%}–{high:.1%}[/]"


if __name__ == "__main__":
    main()
