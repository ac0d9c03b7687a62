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
from safecrs.scoring.metrics import METRICS, Floats, Metric, Parts, ndcg, recall, svr
from safecrs.scoring.scored import ScoredSlates, sample_cases, score_slates
from safecrs.scoring.statistics import (
    Clusters,
    Estimate,
    bootstrap_weights,
    compare,
    estimate,
    holm,
)
from safecrs.slates.base import K, Slate

COMPARED = (recall, ndcg, svr)
_LEAST_FOR_A_TRAIT = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """A system's slates, scored, and how many ground-truth items of each sample it excluded."""

    label: Label
    slates: list[Slate]
    scored: ScoredSlates
    excluded: Floats
    seconds: float


def best_recall(measured: Sequence[Measured], among: Sequence[str]) -> str:
    """The name of the system with the highest recall among these names."""
    systems = (one for one in measured if one.label.name in among)
    return max(systems, key=lambda one: recall.value(one.scored)).label.name


def measure(
    system: System,
    samples: Sequence[Sample],
    oracle: Oracle,
    k: int = K,
    *,
    progress: Callable[[int], None] = lambda _: None,
    store: SlateStore | None = None,
) -> Measured:
    """Ask one system for a slate for every sample and score it.

    Args:
        progress: called with the number of slates that are done.
        store: keeps the slates block by block; blocks it holds are not asked for again.
    """
    store = store or SlateStore(None, len(samples))
    progress(store.done)
    for start, block in ask(system, samples, oracle, k, store.missing()):
        store.add(start, block)
        progress(store.done)
    slates, constraints, seconds = store.join()
    scored = score_slates(slates, samples, oracle, k)
    excluded = _excluded(system.label, constraints, samples, oracle)
    return Measured(system.label, slates, scored, excluded, seconds)


def ask(
    system: System, samples: Sequence[Sample], oracle: Oracle, k: int, starts: Sequence[int]
) -> Iterator[tuple[int, Slates]]:
    """The slates of the blocks that begin at ``starts``, each with its start."""
    recommender = None
    for start in starts:
        recommender = recommender or system.make()
        began = time.perf_counter()
        requests = requests_for(
            samples[start : start + BLOCK], oracle, told=system.label.constraints == "told"
        )
        answers = recommender.answer(requests, k)
        seconds = time.perf_counter() - began
        yield start, Slates([a.slate for a in answers], [dict(a.constraints) for a in answers], seconds)


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
    scored = {m.label.name: m.scored for m in measured}
    if len(scored) < len(measured):
        raise SafecrsError(f"Two systems share a name: {', '.join(m.label.name for m in measured)}.")
    clusters = Clusters.of_samples(samples)
    weights = bootstrap_weights(clusters.count, seed=seed)
    traits = {
        trait: np.array([trait in sample.constraints for sample in samples])
        for trait in benchmark.oracle.taxonomy.ids
        if any(trait in sample.constraints for sample in samples)
    }
    if missing := {name for pair in comparisons for name in pair} - set(scored):
        raise SafecrsError(f"Nothing was measured for {min(missing)!r}, which a comparison asks for.")
    compared = [
        compare(
            metric,
            (name, _sums(metric, scored[name], clusters)),
            (baseline, _sums(metric, scored[baseline], clusters)),
            weights,
            seed,
        )
        for name, baseline in comparisons
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
        systems=[_result(m, clusters, weights, traits) for m in measured],
        comparisons=holm(compared),
    )


def _result(
    measured: Measured, clusters: Clusters, weights: Floats, traits: Mapping[str, NDArray[np.bool_]]
) -> SystemResult:
    scored = measured.scored
    return SystemResult(
        label=measured.label,
        metrics=_estimates(scored, clusters, weights),
        by_trait={
            trait: _estimates(scored, clusters, weights, chosen)
            for trait, chosen in traits.items()
            if chosen.sum() >= _LEAST_FOR_A_TRAIT
        },
        plain=_estimates(scored, clusters, weights, ~scored.constrained),
        over_refusal=estimate(
            clusters.sums(measured.excluded), clusters.sums(scored.relevant.astype(np.float64)), weights
        ),
        distinct_items=len(np.unique(scored.rows[scored.rows >= 0])),
        seconds=round(measured.seconds, 3),
        name=measured.label.name,
    )


def _estimates(
    scored: ScoredSlates, clusters: Clusters, weights: Floats, chosen: NDArray[np.bool_] | bool = True
) -> dict[str, Estimate]:
    """Every metric over the chosen conversations; the clusters stay those of the whole split."""
    k = scored.hit.shape[1]
    return {
        metric.id: estimate(*_sums(metric, scored, clusters, chosen), weights, most=metric.most(k))
        for metric in METRICS
    }


def _sums(
    metric: Metric, scored: ScoredSlates, clusters: Clusters, chosen: NDArray[np.bool_] | bool = True
) -> Parts:
    """Numerators and denominators of the chosen conversations, summed within clusters, both [clusters]."""
    numerator, denominator = metric.parts(scored)
    return clusters.sums(numerator * chosen), clusters.sums(denominator * chosen)


def _excluded(
    label: Label, constraints: Sequence[Mapping[str, float]], samples: Sequence[Sample], oracle: Oracle
) -> Floats:
    """The ground-truth items of each sample that the constraints a system respected rule out, [n]."""
    excluded = np.zeros(len(samples))
    refused = [Verdict.UNSAFE] if label.unknown == "allow" else [Verdict.UNSAFE, Verdict.UNKNOWN]
    cases = sample_cases(samples, oracle.catalog)
    for position, (applied, case) in enumerate(zip(constraints, cases, strict=True)):
        if applied and label.decoding != "free":
            excluded[position] = np.isin(oracle.verdicts(case.rows, applied), refused).sum()
    return excluded
