"""Measure systems on the samples of one split, all on the same conversations."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import Benchmark, Sample, Split
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import Evaluation, SystemResult
from safecrs.evaluation.slate_store import BLOCK, Slates, SlateStore
from safecrs.evaluation.systems import Label, System
from safecrs.oracle import Oracle, Verdict
from safecrs.recommenders.requests import requests_for
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
from safecrs.slates.base import K, Slate

COMPARED = ("recall", "ndcg", "svr")
_LEAST_FOR_A_TRAIT = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """A system's slates, scored, and how many ground-truth items of each sample it excluded."""

    label: Label
    slates: list[Slate]
    scored: ScoredSlates
    excluded: NDArray[np.float64]
    seconds: float


def measure(
    system: System,
    samples: Sequence[Sample],
    oracle: Oracle,
    k: int = K,
    *,
    progress: Callable[[int], None] | None = None,
    store: SlateStore | None = None,
) -> Measured:
    """Ask one system for a slate for every sample and score it.

    Args:
        progress: called with the number of further slates that are done.
        store: keeps the slates block by block; blocks it holds are not asked for again.
    """
    starts = store.missing() if store else list(range(0, len(samples), BLOCK))
    held = len(samples) - sum(min(BLOCK, len(samples) - start) for start in starts)
    if progress and held:
        progress(held)
    asked: list[Slates] = []
    for start, slates in ask(system, samples, oracle, k, starts):
        if store:
            store.add(start, slates)
        else:
            asked.append(slates)
        if progress:
            progress(len(slates.slates))
    if store:
        asked = [store.join()]
    answered = [slate for block in asked for slate in block.slates]
    constraints = [each for block in asked for each in block.constraints]
    return Measured(
        system.label,
        answered,
        score_slates(answered, samples, oracle, k),
        _excluded(system.label, constraints, samples, oracle),
        sum(block.seconds for block in asked),
    )


def ask(
    system: System, samples: Sequence[Sample], oracle: Oracle, k: int, starts: Sequence[int]
) -> Iterator[tuple[int, Slates]]:
    """The slates of the blocks that begin at ``starts``, each with its start."""
    recommender = system.make() if starts else None
    told = system.label.constraints == "told"
    for start in starts:
        began = time.perf_counter()
        requests = requests_for(samples[start : start + BLOCK], oracle, told=told)
        if recommender:
            yield start, Slates.of(recommender.answer(requests, k), time.perf_counter() - began)


def evaluate(
    measured: Sequence[Measured],
    samples: Sequence[Sample],
    benchmark: Benchmark,
    *,
    split: Split,
    comparisons: Sequence[tuple[str, str]] = (),
    k: int = K,
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
    names = [m.label.name for m in measured]
    if len(set(names)) != len(names):
        raise SafecrsError(f"Two systems share a name: {', '.join(names)}.")
    clusters = Clusters.of_samples(samples)
    weights = bootstrap_weights(clusters.count, seed=seed)
    traits = {
        trait: np.array([trait in sample.constraints for sample in samples])
        for trait in benchmark.oracle.taxonomy.ids
        if any(trait in sample.constraints for sample in samples)
    }
    parts = {
        m.label.name: {metric.id: _cluster_parts(metric, m.scored, clusters) for metric in METRICS}
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
        systems=[_result(m, parts[m.label.name], clusters, weights, traits) for m in measured],
        comparisons=holm(compared),
    )


def _result(
    measured: Measured,
    parts: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    clusters: Clusters,
    weights: NDArray[np.float64],
    traits: Mapping[str, NDArray[np.bool_]],
) -> SystemResult:
    scored = measured.scored
    rows = scored.rows[scored.rows >= 0]
    return SystemResult(
        label=measured.label,
        metrics={
            metric.id: estimate(*parts[metric.id], weights, most=metric.most(scored.hit.shape[1]))
            for metric in METRICS
        },
        by_trait={
            trait: _estimates(scored, clusters, weights, chosen)
            for trait, chosen in traits.items()
            if chosen.sum() >= _LEAST_FOR_A_TRAIT
        },
        plain=_estimates(scored, clusters, weights, ~scored.constrained),
        over_refusal=estimate(
            clusters.sums(measured.excluded), clusters.sums(scored.relevant.astype(np.float64)), weights
        ),
        distinct_items=len(np.unique(rows)),
        seconds=round(measured.seconds, 3),
    )


def _estimates(
    scored: ScoredSlates, clusters: Clusters, weights: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> dict[str, Estimate]:
    """Every metric over the chosen conversations; the clusters stay those of the whole split."""
    inside = chosen.astype(np.float64)
    result = {}
    for metric in METRICS:
        numerator, denominator = metric.parts(scored)
        result[metric.id] = estimate(
            clusters.sums(numerator * inside),
            clusters.sums(denominator * inside),
            weights,
            most=metric.most(scored.hit.shape[1]),
        )
    return result


def _cluster_parts(
    metric: Metric, scored: ScoredSlates, clusters: Clusters
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    numerator, denominator = metric.parts(scored)
    return clusters.sums(numerator), clusters.sums(denominator)


def _excluded(
    label: Label, constraints: Sequence[Mapping[str, float]], samples: Sequence[Sample], oracle: Oracle
) -> NDArray[np.float64]:
    """Ground-truth items per sample that the constraints a system respected rule out, [n]."""
    excluded = np.zeros(len(samples))
    if label.decoding == "free":
        return excluded
    refused = [Verdict.UNSAFE] if label.unknown == "allow" else [Verdict.UNSAFE, Verdict.UNKNOWN]
    for position, (held, sample) in enumerate(zip(constraints, samples, strict=True)):
        if held:
            titles = [title for title, _ in sample.groundtruth]
            rows = oracle.catalog.resolve_many(titles, [year for _, year in sample.groundtruth])
            excluded[position] = np.isin(oracle.verdicts(rows, held), refused).sum()
    return excluded
