"""Which systems face the hand-written hard cases, and what a stored benchmark's oracle says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from safecrs.benchmark import load_adversarial
from safecrs.benchmark.store import Benchmark, load_benchmark
from safecrs.evaluation import Challenged, System, challenge
from safecrs.evaluation.systems import Trained, lineup
from safecrs.progress import Report, quiet
from safecrs.storage import write_json

_CLASSIC = "Retrieval"
"""Of the classic policies the one that reads the request itself."""


@dataclass(frozen=True, slots=True)
class AdversarialResult:
    """How each system fared on ``cases`` cases, by the oracle of a benchmark."""

    benchmark: str
    oracle: str
    cases: int
    systems: list[Challenged]

    def save(self, path: Path) -> None:
        """Write it as JSON, atomically."""
        systems: list[dict[str, Any]] = [
            {"name": held.system.name, "constraints": held.system.constraints, **asdict(held.score)}
            for held in self.systems
        ]
        write_json(
            path,
            {
                "benchmark": self.benchmark,
                "oracle": self.oracle,
                "cases": self.cases,
                "systems": systems,
            },
        )


def adversarial_lineup(benchmark: Benchmark, models: Sequence[Trained]) -> list[System]:
    """Retrieval as it is, filtered by detected and by true traits; models constrained by detected ones.

    Raises:
        SafecrsError: two models have one name, or one that is taken.
    """
    systems = {system.name: system for system in lineup(benchmark, models)}
    filtered = systems[f"{_CLASSIC} + filter"]
    constrained = [systems[f"{model.name} + constrained"] for model in models]
    return [systems[_CLASSIC], _detecting(filtered), filtered, *map(_detecting, constrained)]


def challenge_folder(folder: Path, models: Sequence[Trained], report: Report = quiet) -> AdversarialResult:
    """Ask `adversarial_lineup` the hard cases of the domain, judged by the oracle stored in ``folder``.

    Raises:
        SafecrsError: the folder holds no benchmark or no oracle, or a model cannot be read.
    """
    benchmark = load_benchmark(folder)
    cases = load_adversarial(benchmark.card.domain)
    results = challenge(
        adversarial_lineup(benchmark, models),
        cases,
        benchmark.oracle,
        progress=lambda done, total, name: report("Evaluate", done, total, name),
    )
    return AdversarialResult(benchmark.card.name, benchmark.oracle.fingerprint, len(cases), results)


def _detecting(system: System) -> System:
    return replace(system, name=f"{system.name}, detected traits", constraints="detected")
