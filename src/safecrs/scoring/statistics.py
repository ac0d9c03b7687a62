"""Confidence intervals and tests that resample people, not conversations.

One person of the ratings data has several conversations, which are not independent; so clusters (people or
dialogues) are resampled with all their conversations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import SPLITS, Sample
from safecrs.scoring.metrics import Floats, Metric, Parts, ratio

LEVEL = 0.95
RESAMPLES = 2000
PERMUTATIONS = 10_000
_BLOCK = 500


class Frozen(BaseModel):
    """Results: frozen, and strict about their fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(Frozen):
    """A value with its confidence interval; all None when no conversation counts."""

    value: float | None
    low: float | None
    high: float | None


class Comparison(Frozen):
    """``system`` minus ``baseline`` on one metric.

    Attributes:
        difference: with its interval (paired cluster bootstrap).
        p: two-sided p-value of the paired permutation test; p_holm: adjusted for all comparisons made.
    """

    system: str
    baseline: str
    metric: str
    difference: Estimate
    p: float
    p_holm: float

    @property
    def significant(self) -> bool:
        """Whether the adjusted p-value is below 0.05."""
        return self.p_holm < 1 - LEVEL


NOTHING = Estimate(value=None, low=None, high=None)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which conversations belong together: ``of`` [n] is the cluster number of each."""

    of: NDArray[np.int64]
    count: int

    @classmethod
    def of_samples(cls, samples: Sequence[Sample]) -> Clusters:
        """People of the template conversations ("movielens:12:3" → "movielens:12"), else each dialogue."""
        names, number = np.unique([cluster_of(sample.id) for sample in samples], return_inverse=True)
        return cls(number.astype(np.int64), len(names))

    def sums(self, values: Floats) -> Floats:
        """``values`` [n] added up within clusters, [clusters]."""
        return np.bincount(self.of, weights=values, minlength=self.count).astype(np.float64)


def cluster_of(name: str) -> str:
    """The person or dialogue that a sample of this id belongs to."""
    person = name.rpartition(":")[0]
    middle = person.partition(":")[2]
    # Imported datasets number their rows by split ("reddit-v2:test:7") and do not identify people.
    return person if middle and middle not in SPLITS else name


def bootstrap_weights(clusters: int, resamples: int = RESAMPLES, seed: int = 0) -> Floats:
    """How often each cluster is drawn in each resample, [resamples, clusters]; equal seeds pair systems."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=resamples).astype(np.float64)


def estimate(numerator: Floats, denominator: Floats, weights: Floats, *, most: float = 1.0) -> Estimate:
    """Σ numerator / Σ denominator over clusters, with a percentile bootstrap interval.

    Where every numerator is 0, or every cluster has the ``most`` it can contribute, all resamples are equal;
    the other end is then the exact binomial bound (Clopper and Pearson 1934) on the share of clusters that
    could differ, each as much as possible.
    """
    value = ratio((numerator, denominator))
    if np.isnan(value):
        return NOTHING
    otherwise = most * (1 - ((1 - LEVEL) / 2) ** (1 / int((denominator > 0).sum())))
    if not numerator.any():
        return Estimate(value=0.0, low=0.0, high=otherwise)
    if np.allclose(numerator, most * denominator):
        return Estimate(value=value, low=value - otherwise, high=value)
    return _interval(value, _ratios((weights, (numerator, denominator))))


def compare(
    metric: Metric, system: tuple[str, Parts], baseline: tuple[str, Parts], weights: Floats, seed: int = 0
) -> Comparison:
    """Two systems on the same conversations; each is (name, (numerators, denominators) [clusters]).

    The test exchanges the two systems' results within randomly chosen clusters (Fisher 1935); ``p_holm`` is
    set by `holm`.
    """
    (name, parts), (other, parts0) = system, baseline
    observed, difference, p = ratio(parts) - ratio(parts0), NOTHING, 1.0
    if np.isfinite(observed):
        difference = _interval(observed, _ratios((weights, parts)) - _ratios((weights, parts0)))
        rng, extreme = np.random.default_rng(seed), 0
        for start in range(0, PERMUTATIONS, _BLOCK):
            shape = min(_BLOCK, PERMUTATIONS - start), len(parts[0])
            swap = rng.integers(0, 2, size=shape).astype(np.float64)
            drawn = _ratios((1 - swap, parts), (swap, parts0)) - _ratios((1 - swap, parts0), (swap, parts))
            extreme += int((np.abs(drawn) >= abs(observed) - 1e-12).sum())
        p = (extreme + 1) / (PERMUTATIONS + 1)
    return Comparison(system=name, baseline=other, metric=metric.id, difference=difference, p=p, p_holm=p)


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons with p-values adjusted for their number (Holm 1979), in the same order."""
    order = sorted(range(len(comparisons)), key=lambda index: comparisons[index].p)
    steps = [min(1.0, comparisons[at].p * (len(order) - rank)) for rank, at in enumerate(order)]
    adjusted = dict(zip(order, np.maximum.accumulate(steps).tolist(), strict=True))
    return [c.model_copy(update={"p_holm": adjusted[index]}) for index, c in enumerate(comparisons)]


def _ratios(*terms: tuple[Floats, Parts]) -> Floats:
    """The metric in every resample, [resamples], summed over (weights [resamples, clusters], parts)."""
    top = np.sum([weights @ numerator for weights, (numerator, _) in terms], axis=0)
    bottom = np.sum([weights @ denominator for weights, (_, denominator) in terms], axis=0)
    return np.asarray(np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0), np.float64)


def _interval(value: float, resampled: Floats) -> Estimate:
    """``value`` with the percentile interval of the resamples in which something counts."""
    finite = resampled[np.isfinite(resampled)]
    if not len(finite):
        return Estimate(value=value, low=None, high=None)
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(value=value, low=float(low), high=float(high))
