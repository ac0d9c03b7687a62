"""How well disclosures are found: precision, recall, F1 by trait and kind, with intervals; false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safecrs.conversation import Conversation, Message
from safecrs.detection.detect import detect_traits
from safecrs.detection.labelled import Kind, Turn
from safecrs.taxonomy import Domain, Taxonomy, load_taxonomy

Detector = Callable[[Conversation, Taxonomy], Iterable[str]]
"""What is measured: a conversation and a taxonomy → trait ids."""

POSITIVE_KINDS: tuple[Kind, ...] = ("explicit", "implicit", "family", "several")
_Z = 1.959964


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``total`` with its 95 % Wilson interval."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """hits / total; 0 of nothing is 0."""
        return self.hits / self.total if self.total else 0.0

    @property
    def exact(self) -> tuple[float, float]:
        """Clopper-Pearson interval at 95 %; (0, 1) of nothing. Never too narrow, also for no hits at all."""
        from scipy.stats import beta

        hits, misses = self.hits, self.total - self.hits
        low = float(beta.ppf(0.025, hits, misses + 1)) if hits else 0.0
        high = float(beta.ppf(0.975, hits + 1, misses)) if misses else 1.0
        return low, high

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson score interval at 95 %; (0, 1) of nothing."""
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.value
        centre = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z * ((p * (1 - p) + _Z**2 / (4 * n)) / n) ** 0.5 / (1 + _Z**2 / n)
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class TraitQuality:
    """Of one trait; ``interval``: 95 % bootstrap interval of F1."""

    precision: Share
    recall: Share
    f1: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Quality:
    """Precision, recall and F1 over turn–trait pairs; ``interval``: 95 % bootstrap interval of macro F1."""

    turns: int
    precision: Share
    recall: Share
    micro_f1: float
    macro_f1: float
    """Mean F1 over the traits that occur."""
    interval: tuple[float, float]
    f1: Mapping[str, float]
    """By trait that occurs."""
    by_trait: Mapping[str, TraitQuality]
    """The same with precision, recall and intervals."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Quality over all turns and by kind of disclosure; false alarms by kind of turn that discloses nothing.

    The quality of a kind is taken over the turns of that kind and those that disclose nothing, so that a
    detector cannot win by always answering.
    """

    overall: Quality
    by_kind: Mapping[Kind, Quality]
    false_alarms: Mapping[Kind, Share]


def measure(
    turns: Sequence[Turn], detector: Detector | None = None, draws: int = 1000, seed: int = 0
) -> Measured:
    """Measure ``detector`` (ours by default) on labelled turns.

    The taxonomy of each turn's domain is given to the detector.
    """
    detect = detector or shipped_detector
    taxonomies: dict[Domain, Taxonomy] = {turn.domain: load_taxonomy(turn.domain) for turn in turns}
    traits = tuple(dict.fromkeys(t for taxonomy in taxonomies.values() for t in taxonomy.ids))
    column = {trait: position for position, trait in enumerate(traits)}
    gold = np.zeros((len(turns), len(traits)), dtype=np.bool_)
    found = np.zeros_like(gold)
    for row, turn in enumerate(turns):
        gold[row, [column[trait] for trait in turn.traits]] = True
        answer = detect((Message(role="user", content=turn.text),), taxonomies[turn.domain])
        found[row, [column[trait] for trait in answer]] = True
    silent = np.array([not turn.traits for turn in turns], dtype=np.bool_)
    kinds = np.array([turn.kind for turn in turns])

    def quality(rows: NDArray[np.bool_]) -> Quality:
        return _quality(gold[rows], found[rows], traits, draws, seed)

    return Measured(
        overall=quality(np.ones(len(turns), dtype=np.bool_)),
        by_kind={kind: quality((kinds == kind) | silent) for kind in POSITIVE_KINDS if (kinds == kind).any()},
        false_alarms={
            turn_kind: Share(int(found[rows].any(axis=1).sum()), int(rows.sum()))
            for turn_kind in dict.fromkeys(turn.kind for turn in turns if not turn.traits)
            for rows in [(kinds == turn_kind) & silent]
        },
    )


def shipped_detector(conversation: Conversation, taxonomy: Taxonomy) -> list[str]:
    """The traits that `detect_traits` reports."""
    return [disclosure.trait for disclosure in detect_traits(conversation, taxonomy)]


def _counts(gold: NDArray[np.bool_], found: NDArray[np.bool_]) -> NDArray[np.int64]:
    """True positives, found and gold by trait, shape [3, traits]."""
    return np.stack([(gold & found).sum(axis=0), found.sum(axis=0), gold.sum(axis=0)])


def _f1(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """2·tp / (found + gold) of each trait, 0 where the trait is neither found nor meant."""
    below = counts[1] + counts[2]
    return np.where(below > 0, 2 * counts[0] / np.maximum(below, 1), 0.0)


def _macro(counts: NDArray[np.int64]) -> float:
    occurs = counts[2] > 0
    return float(_f1(counts)[occurs].mean()) if occurs.any() else 0.0


def _quality(
    gold: NDArray[np.bool_], found: NDArray[np.bool_], traits: Sequence[str], draws: int, seed: int
) -> Quality:
    counts = _counts(gold, found)
    tp, reported, meant = (int(value) for value in counts.sum(axis=1))
    rng = np.random.default_rng(seed)
    samples = [
        _counts(gold[rows], found[rows])
        for rows in (rng.integers(0, len(gold), len(gold)) for _ in range(draws))
    ]
    f1 = _f1(counts)
    drawn = np.stack([_f1(sample) for sample in samples])
    return Quality(
        turns=len(gold),
        precision=Share(tp, reported),
        recall=Share(tp, meant),
        micro_f1=2 * tp / (reported + meant) if reported + meant else 0.0,
        macro_f1=_macro(counts),
        interval=_interval([_macro(sample) for sample in samples]),
        f1={trait: float(f1[i]) for i, trait in enumerate(traits) if counts[2, i]},
        by_trait={
            trait: TraitQuality(
                Share(int(counts[0, i]), int(counts[1, i])),
                Share(int(counts[0, i]), int(counts[2, i])),
                float(f1[i]),
                _interval([f for f, sample in zip(drawn[:, i], samples, strict=True) if sample[2, i]]),
            )
            for i, trait in enumerate(traits)
            if counts[2, i]
        },
    )


def _interval(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
