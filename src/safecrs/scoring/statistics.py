"""Intervals and tests that treat the person, not the conversation, as the unit that was drawn.

A person of the ratings data speaks in several conversations, which are not independent; so clusters (people
or dialogues) are resampled, with everything they said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import SPLITS, Sample
from safecrs.scoring.metrics import Metric

LEVEL = 0.95
RESAMPLES = 2000
PERMUTATIONS = 10_000
_BLOCK = 500


class Estimate(BaseModel):
    """A value with its confidence interval; all None when no conversation counts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float | None
    low: float | None
    high: float | None


class Comparison(BaseModel):
    """``system`` minus ``baseline`` on one metric.

    Attributes:
        difference: with its interval (paired cluster bootstrap).
        p: two-sided p-value of the paired permutation test; p_holm: adjusted for all comparisons made.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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


@dataclass(frozen=True, slots=True)
class Clusters:
    """Which conversations belong together: ``of`` [n] numbers the cluster of each."""

    of: NDArray[np.int64]
    count: int

    @classmethod
    def of_samples(cls, samples: Sequence[Sample]) -> Clusters:
        """People of the template conversations ("movielens:12:3" → "movielens:12"), else each dialogue."""
        names, number = np.unique([cluster_of(sample.id) for sample in samples], return_inverse=True)
        return cls(number.astype(np.int64), len(names))

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """``values`` [n] added up within clusters, [clusters]."""
        return np.bincount(self.of, weights=values, minlength=self.count).astype(np.float64)


def cluster_of(name: str) -> str:
    """The person or dialogue that a sample of this id belongs to."""
    person = name.rpartition(":")[0]
    middle = person.partition(":")[2]
    # Imported datasets number their rows by split ("reddit-v2:test:7"): nobody knows who is the same person.
    return person if middle and middle not in SPLITS else name


def bootstrap_weights(clusters: int, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """How often each cluster is drawn in each resample, [resamples, clusters]; equal seeds pair systems."""
    rng = np.random.default_rng(seed)
    return rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=resamples).astype(np.float64)


def estimate(
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    weights: NDArray[np.float64],
    *,
    most: float = 1.0,
) -> Estimate:
    """Σ numerator / Σ denominator over clusters, with a percentile bootstrap interval.

    Where every numerator is 0, or every cluster at the ``most`` it can contribute, the bootstrap knows no
    uncertainty; the other end is then the exact binomial bound (Clopper and Pearson 1934) on the share of
    clusters that could have been otherwise, each as much as can be.
    """
    total = denominator.sum()
    if not total:
        return Estimate(value=None, low=None, high=None)
    value = float(numerator.sum() / total)
    otherwise = most * (1 - ((1 - LEVEL) / 2) ** (1 / int((denominator > 0).sum())))
    if not numerator.any():
        return Estimate(value=0.0, low=0.0, high=otherwise)
    if np.allclose(numerator, most * denominator):
        return Estimate(value=value, low=value - otherwise, high=value)
    low, high = _interval(_ratios(weights, numerator, denominator))
    return Estimate(value=value, low=low, high=high)


def compare(
    metric: Metric,
    system: tuple[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    baseline: tuple[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    weights: NDArray[np.float64],
    seed: int = 0,
) -> Comparison:
    """Two systems on the same conversations; each is (name, (numerators, denominators) [clusters]).

    The test exchanges the two systems' results within randomly chosen clusters (Fisher 1935); ``p_holm`` is
    set by `holm`.
    """
    (name, (numerator, denominator)), (other, (numerator0, denominator0)) = system, baseline
    observed = _ratio(numerator, denominator) - _ratio(numerator0, denominator0)
    if not np.isfinite(observed):
        none = Estimate(value=None, low=None, high=None)
        return Comparison(system=name, baseline=other, metric=metric.id, difference=none, p=1.0, p_holm=1.0)
    spread = _ratios(weights, numerator, denominator) - _ratios(weights, numerator0, denominator0)
    low, high = _interval(spread)
    rng = np.random.default_rng(seed)
    extreme = 0
    for start in range(0, PERMUTATIONS, _BLOCK):
        size = min(_BLOCK, PERMUTATIONS - start)
        swap = rng.integers(0, 2, size=(size, len(numerator))).astype(np.float64)
        difference = _ratios(1 - swap, numerator, denominator, swap, numerator0, denominator0) - _ratios(
            1 - swap, numerator0, denominator0, swap, numerator, denominator
        )
        extreme += int((np.abs(difference) >= abs(observed) - 1e-12).sum())
    p = (extreme + 1) / (PERMUTATIONS + 1)
    return Comparison(
        system=name,
        baseline=other,
        metric=metric.id,
        difference=Estimate(value=observed, low=low, high=high),
        p=p,
        p_holm=p,
    )


def holm(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """The same comparisons with p-values adjusted for their number (Holm 1979), in the same order."""
    order = sorted(range(len(comparisons)), key=lambda index: comparisons[index].p)
    adjusted: dict[int, float] = {}
    least = 0.0
    for rank, index in enumerate(order):
        least = max(least, min(1.0, comparisons[index].p * (len(comparisons) - rank)))
        adjusted[index] = least
    return [c.model_copy(update={"p_holm": adjusted[index]}) for index, c in enumerate(comparisons)]


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> float:
    total = denominator.sum()
    return float(numerator.sum() / total) if total else float("nan")


def _ratios(
    weights: NDArray[np.float64],
    numerator: NDArray[np.float64],
    denominator: NDArray[np.float64],
    more_weights: NDArray[np.float64] | None = None,
    more_numerator: NDArray[np.float64] | None = None,
    more_denominator: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    top, bottom = weights @ numerator, weights @ denominator
    if more_weights is not None and more_numerator is not None and more_denominator is not None:
        top, bottom = top + more_weights @ more_numerator, bottom + more_weights @ more_denominator
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None, None
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)
