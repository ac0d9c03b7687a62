"""Run systems over the samples of one split and measure all of them on the same conversations."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import Benchmark, Sample, Split
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import Evaluation, SystemResult
from safecrs.evaluation.slate_store import load_slates, save_slates
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.requests import ConstraintsFrom, requests_for
from safecrs.scoring.metrics import METRICS, Metric
from safecrs.scoring.scored import ScoredSlates, score_slates
from safecrs.scoring.statistics import (
    Clusters,
    Comparison,
    Estimate,
    bootstrap_weights,
    compare,
    estimate,
    holm,
)
from safecrs.slates.base import Request, Slate

if TYPE_CHECKING:
    from safecrs.oracle import Oracle

COMPARED = ("recall", "ndcg", "svr")
BLOCK = 64
"""Samples asked for at once: what else is in a batch moves the last digits of a model's numbers."""
_LEAST_FOR_A_TRAIT = 5


@dataclass(frozen=True, slots=True)
class System:
    """A policy under test, under the name of its row in the tables.

    Attributes:
        policy: makes the policy; called only when its slates are not stored already.
        constraints: what it is told of the user's constraints (see `SystemResult.constraints`).
        excludes: whether it refuses unsafe items of the constraints it is told, and with ``unknown`` also
            those of unknown safety; tells how much of the liked items it cannot recommend.
    """

    name: str
    policy: Callable[[], Ranker]
    constraints: ConstraintsFrom = "none"
    excludes: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A system's slates, judged, with the share of the ground truth that it refused."""

    system: System
    slates: list[Slate]
    judged: ScoredSlates
    refused: NDArray[np.float64]
    seconds: float


def measure(
    system: System,
    samples: Sequence[Sample],
    oracle: Oracle,
    k: int = 10,
    *,
    batch: int = BLOCK,
    progress: Callable[[int], None] | None = None,
    store: tuple[Path, str] | None = None,
) -> Measured:
    """Ask one system for every sample's slate and judge it.

    Args:
        progress: told how many more slates are done.
        store: a file for the slates and the key they are stored under; slates stored under the same key
            are judged instead of asked for again.

    Raises:
        SafecrsError: the system cannot answer, or the file cannot be written.
    """
    requests = requests_for(samples, oracle, system.constraints)
    stored = load_slates(*store) if store else None
    if stored:
        slates, seconds = stored
        if progress:
            progress(len(slates))
    else:
        slates = []
        started = time.perf_counter()
        policy = system.policy()
        for start in range(0, len(requests), batch):
            part = requests[start : start + batch]
            slates += policy.recommend(part, k)
            if progress:
                progress(len(part))
        seconds = time.perf_counter() - started
        if store:
            save_slates(*store, slates, seconds)
    judged = score_slates(slates, samples, oracle, k)
    return Measured(system, slates, judged, _refused(system, requests, samples, oracle), seconds)


def evaluate(
    measured: Sequence[Measured],
    samples: Sequence[Sample],
    oracle: Oracle,
    benchmark: Benchmark,
    *,
    split: Split,
    comparisons: Sequence[tuple[str, str]] = (),
    k: int = 10,
    seed: int = 0,
) -> Evaluation:
    """Metrics with intervals for every system, and paired tests for the pairs asked for.

    Args:
        comparisons: (system, baseline) names; each is tested on `COMPARED`, all tests adjusted together.

    Raises:
        SafecrsError: there is no sample, two systems share a name, or a comparison names a system that was
            not measured.
    """
    if not samples:
        raise SafecrsError(f"The {split} split of {benchmark.card.name} is empty: nothing to evaluate on.")
    names = [m.system.name for m in measured]
    if len(set(names)) != len(names):
        raise SafecrsError(f"Two systems share a name: {', '.join(names)}.")
    clusters = Clusters.of_samples(samples)
    weights = bootstrap_weights(clusters.count, seed=seed)
    traits = {
        trait: np.array([trait in sample.constraints for sample in samples])
        for trait in oracle.taxonomy.ids
        if any(trait in sample.constraints for sample in samples)
    }
    parts = {
        m.system.name: {metric.id: _cluster_parts(metric, m.judged, clusters) for metric in METRICS}
        for m in measured
    }
    by_id = {metric.id: metric for metric in METRICS}
    compared: list[Comparison] = []
    for name, baseline in comparisons:
        for missing in {name, baseline} - set(parts):
            raise SafecrsError(f"Nothing was measured for {missing!r}, which a comparison asks for.")
        compared += [
            compare(
                by_id[metric], (name, parts[name][metric]), (baseline, parts[baseline][metric]), weights, seed
            )
            for metric in COMPARED
        ]
    return Evaluation(
        card=benchmark.card,
        split=split,
        fingerprint=samples_fingerprint(samples),
        seed=seed,
        k=k,
        samples=len(samples),
        constrained=sum(bool(sample.constraints) for sample in samples),
        clusters=clusters.count,
        trait_samples={trait: int(chosen.sum()) for trait, chosen in traits.items()},
        systems=[_result(m, parts[m.system.name], clusters, weights, traits) for m in measured],
        comparisons=holm(compared),
    )


def _result(
    measured: Measured,
    parts: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    clusters: Clusters,
    weights: NDArray[np.float64],
    traits: Mapping[str, NDArray[np.bool_]],
) -> SystemResult:
    judged = measured.judged
    rows = judged.rows[judged.rows >= 0]
    return SystemResult(
        name=measured.system.name,
        constraints=measured.system.constraints,
        metrics={
            metric.id: estimate(*parts[metric.id], weights, most=metric.most(judged.hit.shape[1]))
            for metric in METRICS
        },
        by_trait={
            trait: _estimates(judged, clusters, weights, chosen)
            for trait, chosen in traits.items()
            if chosen.sum() >= _LEAST_FOR_A_TRAIT
        },
        plain=_estimates(judged, clusters, weights, ~judged.constrained),
        excluded_liked=estimate(
            clusters.sums(measured.refused), clusters.sums(judged.relevant.astype(np.float64)), weights
        ),
        distinct_items=len(np.unique(rows)),
        seconds=round(measured.seconds, 3),
    )


def _estimates(
    judged: ScoredSlates, clusters: Clusters, weights: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> dict[str, Estimate]:
    """Every metric over the chosen conversations; the clusters stay those of the whole split."""
    inside = chosen.astype(np.float64)
    result = {}
    for metric in METRICS:
        numerator, denominator = metric.parts(judged)
        result[metric.id] = estimate(
            clusters.sums(numerator * inside),
            clusters.sums(denominator * inside),
            weights,
            most=metric.most(judged.hit.shape[1]),
        )
    return result


def _cluster_parts(
    metric: Metric, judged: ScoredSlates, clusters: Clusters
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numerator, denominator = metric.parts(judged)
    return clusters.sums(numerator), clusters.sums(denominator)


def _refused(
    system: System, requests: Sequence[Request], samples: Sequence[Sample], oracle: Oracle
) -> NDArray[np.float64]:
    """Ground-truth items per sample that the system's own exclusions rule out, [n]."""
    refused = np.zeros(len(samples))
    if not system.excludes:
        return refused
    for position, (request, sample) in enumerate(zip(requests, samples, strict=True)):
        if request.constraints:
            titles = [title for title, _ in sample.groundtruth]
            rows = oracle.catalog.resolve_many(titles, [year for _, year in sample.groundtruth])
            verdicts = oracle.verdicts(rows, request.constraints)
            refused[position] = ((verdicts == 1) | (system.unknown & (verdicts == 2))).sum()
    return refused
