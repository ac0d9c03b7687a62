"""Run systems on one split of a benchmark, keeping their slates, or on the adversarial cases."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from safecrs.benchmark import Benchmark, Sample, Split, load_adversarial
from safecrs.benchmark.store import samples_fingerprint
from safecrs.evaluation.evaluate import Measured, evaluate, measure
from safecrs.evaluation.results import Evaluation
from safecrs.evaluation.slate_store import SlateStore
from safecrs.evaluation.systems import Label, System
from safecrs.progress import Report, quiet
from safecrs.scoring.adversarial import AdversarialScore, score_adversarial
from safecrs.slates.base import K, Request
from safecrs.storage import fingerprint, write_json
from safecrs.training.runs.manifest import installed_versions

Pairs = Callable[[Sequence[Measured]], Sequence[tuple[str, str]]]
"""Chooses which pairs of measured systems to compare, by name."""


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
    stores = slate_stores(benchmark, systems, samples, store)
    total = len(systems) * len(samples)
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
