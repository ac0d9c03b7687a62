"""Systems against the hand-written adversarial cases (`safecrs.benchmark.adversarial`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from safecrs.benchmark import Benchmark, load_adversarial
from safecrs.evaluation.systems import Label, System
from safecrs.progress import Report, quiet
from safecrs.scoring.adversarial import AdversarialScore, score_adversarial
from safecrs.slates.base import K, Request
from safecrs.storage import write_json


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
