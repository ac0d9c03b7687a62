"""Measure systems on one split of a benchmark, and keep their slates."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from safecrs.benchmark import Benchmark, Sample, Split
from safecrs.benchmark.store import samples_fingerprint
from safecrs.evaluation.evaluate import Measured, evaluate, measure
from safecrs.evaluation.results import Evaluation
from safecrs.evaluation.slate_store import SlateStore
from safecrs.evaluation.systems import System
from safecrs.progress import Report, quiet
from safecrs.slates.base import K
from safecrs.storage import fingerprint
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
    stores: Sequence[SlateStore | None] = [None] * len(systems)
    if store:
        stores = slate_stores(benchmark, systems, samples, store)
    measured: list[Measured] = []
    for number, system in enumerate(systems):
        tell = _teller(report, system.label.name, number * len(samples), len(systems) * len(samples))
        measured.append(measure(system, samples, benchmark.oracle, progress=tell, store=stores[number]))
    return measured


def slate_stores(
    benchmark: Benchmark, systems: Sequence[System], samples: Sequence[Sample], folder: Path
) -> list[SlateStore]:
    """Where each system's slates are stored below ``folder``, under a key of everything that decides them."""
    data = (samples_fingerprint(samples), benchmark.oracle.fingerprint, repr(benchmark.histories))
    code = installed_versions().get("safecrs", "")
    return [
        SlateStore(
            folder / f"{slug(system.label.name)}.json",
            fingerprint(system.label.model_dump_json(), system.source, *data, str(K), code),
            len(samples),
        )
        for system in systems
    ]


def slug(name: str) -> str:
    """A name as part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _teller(report: Report, name: str, done: int, total: int) -> Callable[[int], None]:
    def tell(more: int) -> None:
        nonlocal done
        done += more
        report("Evaluate", done, total, name)

    return tell
