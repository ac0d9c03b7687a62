"""Measure systems on the samples of one split, all on the same conversations, or on the adversarial cases."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import Benchmark, Sample, Split, load_adversarial
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import Evaluation, SystemResult
from safecrs.evaluation.slate_store import BLOCK, Slates, SlateStore
from safecrs.evaluation.systems import Label, System
from safecrs.oracle import Oracle, Verdict
from safecrs.progress import Report, quiet
from safecrs.recommenders.requests import requests_for
from safecrs.scoring.adversarial import AdversarialScore, score_adversarial
from safecrs.scoring.metrics import METRICS, Floats, Metric, Parts, ndcg, recall, svr
from safecrs.scoring.scored import ScoredSlates, sample_cases, score_slates
from safecrs.scoring.statistics import Clusters, Estimate, bootstrap_weights, compare, estimate, holm
from safecrs.slates.base import K, Request, Slate
from safecrs.storage import fingerprint, write_json
from safecrs.training.runs.manifest import installed_versions

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


# Chooses which pairs of measured systems to compare, by name.
Pairs = Callable[[Sequence[Measured]], Sequence[tuple[str, str]]]


def evaluate_systems(
    benchmark: Benchmark,
    systems: Sequence[System],
    pairs: Pairs = lambda _: (),
    *,
    split: Split = "test",
    limit: int | None = None,
    store: Path | None = None,
    seed: int = 0,
    report: Report = quiet,
) -> Evaluation:
    """Measure every system and test the pairs that ``pairs`` chooses.

    Args:
        limit: use only the first samples.
        store: a folder for the slates; those that this version of safecrs asked of the same system before
            are not asked for again.
    """
    samples = benchmark.split(split)[:limit]
    measured = measure_systems(benchmark, systems, samples, store=store, report=report)
    return evaluate(measured, samples, benchmark, split=split, comparisons=pairs(measured), seed=seed)


def measure_systems(
    benchmark: Benchmark,
    systems: Sequence[System],
    samples: Sequence[Sample],
    *,
    store: Path | None = None,
    report: Report = quiet,
) -> list[Measured]:
    """Ask every system for its slates and score them; ``store`` as in `evaluate_systems`."""
    total = len(systems) * len(samples)
    stores = slate_stores(benchmark, systems, samples, store)
    return [
        measure(
            system,
            samples,
            benchmark.oracle,
            progress=partial(_tell, report, system.label.name, total, number * len(samples)),
            store=kept,
        )
        for number, (system, kept) in enumerate(zip(systems, stores, strict=True))
    ]


@dataclass(frozen=True, slots=True)
class AdversarialResult:
    """How many of the ``cases`` of a benchmark's domain each system passes, by the benchmark's oracle."""

    benchmark: str
    oracle: str
    cases: int
    systems: list[tuple[Label, AdversarialScore]]

    def save(self, path: Path) -> None:
        """Write it as JSON."""
        systems = [
            {"name": label.name, "label": label.model_dump(), **asdict(score)}
            for label, score in self.systems
        ]
        write_json(path, asdict(self) | {"systems": systems})


def challenge(benchmark: Benchmark, systems: Sequence[System], report: Report = quiet) -> AdversarialResult:
    """Ask every system for a slate for each case of the benchmark's domain and score it.

    Systems that are told constraints get the case's own, with its own thresholds.
    """
    cases, results = load_adversarial(benchmark.card.domain), []
    for number, system in enumerate(systems):
        report("Evaluate", number, len(systems), system.label.name)
        told = system.label.constraints == "told"
        requests = [Request(case.prompt, dict(case.constraints) if told else {}) for case in cases]
        slates = [answer.slate for answer in system.make().answer(requests, K)]
        results.append((system.label, score_adversarial(slates, cases, benchmark.oracle, K)))
    report("Evaluate", len(systems), len(systems), "")
    return AdversarialResult(benchmark.card.name, benchmark.oracle.fingerprint, len(cases), results)


def slate_stores(
    benchmark: Benchmark, systems: Sequence[System], samples: Sequence[Sample], folder: Path | None
) -> list[SlateStore]:
    """The store of each system: a file in ``folder`` named after all that decides its slates, or memory."""
    if folder is None:
        return [SlateStore(None, len(samples)) for _ in systems]
    data = (samples_fingerprint(samples), benchmark.oracle.fingerprint, repr(benchmark.histories))
    code = installed_versions().get("safecrs", "")
    return [
        SlateStore(folder / f"{slug(system.label.name)}-{key}.jsonl", len(samples))
        for system in systems
        for key in [fingerprint(system.label.model_dump_json(), system.source, *data, str(K), code)]
    ]


def slug(name: str) -> str:
    """A name as part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _tell(report: Report, name: str, total: int, before: int, done: int) -> None:
    report("Evaluate", before + done, total, name)


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
    return Measured(
        system.label,
        slates,
        score_slates(slates, samples, oracle, k),
        _excluded(system.label, constraints, samples, oracle),
        seconds,
    )


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
