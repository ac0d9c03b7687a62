"""Measure a line-up of systems on one split."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from safecrs.benchmark import Split, load_benchmark
from safecrs.benchmark.store import ORACLE, samples_fingerprint
from safecrs.evaluation import Evaluation, Measured, evaluate, measure
from safecrs.experiment.lineup import Trained, lineup
from safecrs.experiment.study import Report, Study, quiet
from safecrs.oracle import Oracle
from safecrs.storage import fingerprint
from safecrs.training.models import model_fingerprint

K = 10

Pairs = Callable[[Sequence[Measured]], Sequence[tuple[str, str]]]


def measure_all(
    study: Study,
    models: Sequence[Trained],
    pairs: Pairs = lambda _: (),
    *,
    split: Split = "test",
    limit: int | None = None,
    store: Path | None = None,
    seed: int = 0,
    report: Report = quiet,
) -> Evaluation:
    """Ask and judge every system of `lineup`, and test the pairs that ``pairs`` picks.

    Args:
        limit: only so many samples, the first ones.
        store: a folder for the slates; what was asked before is not asked again.

    Raises:
        SafecrsError: the split is empty, or a model cannot be read.
    """
    samples = study.benchmark.split(split)[:limit]
    data = samples_fingerprint(samples) + study.oracle.fingerprint + fingerprint(repr(study.benchmark.tastes))
    weights = "".join(model_fingerprint(model.folder) for model in models)
    systems = lineup(study, models)
    measured: list[Measured] = []
    for number, system in enumerate(systems):
        tell = _teller(report, system.name, number * len(samples), len(systems) * len(samples))
        file = re.sub(r"[^a-z0-9]+", "-", system.name.lower()).strip("-")
        key = fingerprint(system.name, data, weights, str(K))
        measured.append(
            measure(
                system,
                samples,
                study.oracle,
                K,
                progress=tell,
                store=(store / f"{file}.json", key) if store else None,
            )
        )
    return evaluate(
        measured,
        samples,
        study.oracle,
        study.benchmark,
        split=split,
        comparisons=pairs(measured),
        k=K,
        seed=seed,
    )


def evaluate_folder(
    folder: Path,
    models: Sequence[Trained],
    split: Split,
    *,
    limit: int | None = None,
    seed: int = 0,
    report: Report = quiet,
) -> Evaluation:
    """Measure the classic policies and ``models`` on a stored benchmark, with the oracle stored beside it.

    Raises:
        SafecrsError: the folder holds no benchmark or no oracle.
    """
    benchmark = load_benchmark(folder)
    study = Study(benchmark.card.name, "", benchmark, Oracle.load(folder / ORACLE))
    return measure_all(study, models, split=split, limit=limit, seed=seed, report=report)


def _teller(report: Report, name: str, done: int, total: int) -> Callable[[int], None]:
    def tell(more: int) -> None:
        nonlocal done
        done += more
        report("Evaluate", done, total, name)

    return tell
