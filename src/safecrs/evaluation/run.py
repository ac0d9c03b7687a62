"""Measure a line-up of systems on one split."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from safecrs.benchmark import Sample, Split, load_benchmark
from safecrs.benchmark.store import Benchmark, samples_fingerprint
from safecrs.evaluation import Evaluation, Measured, System, evaluate, measure
from safecrs.evaluation.endpoint_systems import Served, served_systems
from safecrs.evaluation.systems import Trained, lineup, model_of
from safecrs.progress import Report, quiet
from safecrs.slates.base import K
from safecrs.storage import fingerprint
from safecrs.training.models.base import model_fingerprint
from safecrs.training.runs.manifest import installed_versions

Pairs = Callable[[Sequence[Measured]], Sequence[tuple[str, str]]]
Store = tuple[Path, str]
"""A file of slates and the key they are kept under."""


def measure_all(
    benchmark: Benchmark,
    models: Sequence[Trained],
    pairs: Pairs = lambda _: (),
    *,
    served: Sequence[Served] = (),
    split: Split = "test",
    limit: int | None = None,
    store: Path | None = None,
    seed: int = 0,
    report: Report = quiet,
) -> Evaluation:
    """Ask and judge every system of `lineup`, and test the pairs that ``pairs`` picks.

    Args:
        served: models behind endpoints, to which every sample's conversation is sent.
        limit: only so many samples, the first ones.
        store: a folder for the slates; what this version of safecrs asked of the same model before is not
            asked again, whatever is measured beside it.

    Raises:
        SafecrsError: the split is empty, a model cannot be read or an endpoint not be asked.
    """
    samples = benchmark.split(split)[:limit]
    systems = lineup(benchmark, models)
    systems += served_systems(benchmark, served, [system.name for system in systems])
    measured = measure_systems(benchmark, models, systems, samples, served=served, store=store, report=report)
    return evaluate(
        measured,
        samples,
        benchmark.oracle,
        benchmark,
        split=split,
        comparisons=pairs(measured),
        k=K,
        seed=seed,
    )


def measure_systems(
    benchmark: Benchmark,
    models: Sequence[Trained],
    systems: Sequence[System],
    samples: Sequence[Sample],
    *,
    served: Sequence[Served] = (),
    store: Path | None = None,
    report: Report = quiet,
) -> list[Measured]:
    """Ask and judge systems made of ``models`` and ``served``; ``store`` as in `measure_all`.

    Raises:
        SafecrsError: a model cannot be read.
    """
    kept: Sequence[Store | None] = [None] * len(systems)
    if store:
        kept = slate_stores(benchmark, models, systems, samples, store, served)
    measured: list[Measured] = []
    for number, system in enumerate(systems):
        tell = _teller(report, system.name, number * len(samples), len(systems) * len(samples))
        measured.append(measure(system, samples, benchmark.oracle, K, progress=tell, store=kept[number]))
    return measured


def slate_stores(
    benchmark: Benchmark,
    models: Sequence[Trained],
    systems: Sequence[System],
    samples: Sequence[Sample],
    store: Path,
    served: Sequence[Served] = (),
) -> list[Store]:
    """For each system the file of its slates in the folder ``store``, and the key they are kept under.

    The key changes with whatever decides the slates: of the models, that is the system's own alone.

    Raises:
        SafecrsError: a model cannot be read.
    """
    data = (
        samples_fingerprint(samples) + benchmark.oracle.fingerprint + fingerprint(repr(benchmark.histories))
    )
    behind = {model.name: f"{model_fingerprint(model.folder)} {model.reasons}" for model in models}
    behind |= {model.name: model.fingerprint for model in served}
    code = installed_versions().get("safecrs", "")  # another version may answer otherwise

    def key(system: str) -> str:
        return fingerprint(system, data, behind.get(model_of(system), ""), str(K), code)

    return [(store / f"{slug(system.name)}.json", key(system.name)) for system in systems]


def slug(name: str) -> str:
    """A name as part of a file's."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def evaluate_folder(
    folder: Path,
    models: Sequence[Trained],
    split: Split,
    *,
    served: Sequence[Served] = (),
    limit: int | None = None,
    store: Path | None = None,
    seed: int = 0,
    report: Report = quiet,
) -> Evaluation:
    """`measure_all` on a stored benchmark, with the oracle stored beside it.

    Raises:
        SafecrsError: the folder holds no benchmark or no oracle, or a system cannot answer.
    """
    benchmark = load_benchmark(folder)
    return measure_all(
        benchmark, models, served=served, split=split, limit=limit, store=store, seed=seed, report=report
    )


def _teller(report: Report, name: str, done: int, total: int) -> Callable[[int], None]:
    def tell(more: int) -> None:
        nonlocal done
        done += more
        report("Evaluate", done, total, name)

    return tell
