"""Ask systems for their slates in several processes, on this machine or a cluster, with Ray Data.

What travels between processes are names, positions of samples and finished slates. Every worker reads the
benchmark, the mapped oracle and the models from disk by itself, so that no conversation enters Ray's object
store or its logs. The folders must be readable under the same paths wherever workers run.

The samples are asked in the same blocks as by `safecrs.evaluation.run`, hence with the same answers; each
block is on disk as soon as it is answered, and what is there is not asked again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from safecrs.benchmark import Benchmark, Sample, Split, load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.cluster import ray_cluster
from safecrs.evaluation.evaluate import ask
from safecrs.evaluation.run import slate_stores
from safecrs.evaluation.slate_store import BLOCK, Slates
from safecrs.evaluation.systems import Model, System, lineup
from safecrs.progress import Report, quiet
from safecrs.slates.base import K

_STAGE = "Ask"


def ask_in_parallel(
    folder: Path,
    models: Sequence[Model],
    split: Split,
    store: Path,
    workers: int,
    *,
    limit: int | None = None,
    report: Report = quiet,
) -> None:
    """Write the slates of every system of `lineup` into ``store``, where `evaluate_systems` finds them.

    A local Ray cluster is started and ended, unless the environment names one (``RAY_ADDRESS``). With GPUs,
    every worker has one to itself. A worker that dies is replaced and its block asked again.

    Args:
        folder: a stored benchmark.
        limit: use only the first samples.
    """
    benchmark = load_benchmark(folder)
    samples = benchmark.split(split)[:limit]
    systems = lineup(benchmark, models)
    stores = slate_stores(benchmark, systems, samples, store)
    by_name = {system.label.name: kept for system, kept in zip(systems, stores, strict=True)}
    missing = [(name, start) for name, kept in by_name.items() for start in kept.missing()]
    total = len(systems) * len(samples)
    done = total - sum(min(BLOCK, len(samples) - start) for _, start in missing)
    report(_STAGE, done, total, "")
    if missing:
        where = [Model(model.name, model.folder.resolve()) for model in models]
        task = {"folder": folder.resolve(), "models": where, "split": split, "limit": limit}
        for name, start, slates in _asked(missing, task, workers):
            by_name[name].add(start, slates)
            done += len(slates.slates)
            report(_STAGE, done, total, name)
    for kept in stores:
        kept.join()


class Asker:
    """In a worker: answers blocks; benchmark and models are read once."""

    def __init__(self, folder: Path, models: Sequence[Model], split: Split, limit: int | None) -> None:
        self.folder, self.models, self.split, self.limit = folder, models, split, limit

    @cached_property
    def benchmark(self) -> Benchmark:
        """The stored benchmark."""
        return load_benchmark(self.folder)

    @cached_property
    def samples(self) -> list[Sample]:
        """The samples that are asked."""
        return self.benchmark.split(self.split)[: self.limit]

    @cached_property
    def systems(self) -> dict[str, System]:
        """By name; they share models and histories."""
        return {system.label.name: system for system in lineup(self.benchmark, self.models)}

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Answer blocks: the columns ``system`` and ``start``, with ``slates`` and ``error``."""
        rows = [
            self.answer(str(system), int(start))
            for system, start in zip(batch["system"], batch["start"], strict=True)
        ]
        return {column: [row[column] for row in rows] for column in rows[0]}

    def answer(self, name: str, start: int) -> dict[str, Any]:
        """One block of one system.

        The sentence of a `SafecrsError` is passed on. Of any other error only the name is: Ray would log
        it, and it might quote what a person said.
        """
        row: dict[str, Any] = {"system": name, "start": start, "slates": "", "error": ""}
        try:
            ((_, slates),) = ask(self.systems[name], self.samples, self.benchmark.oracle, K, [start])
        except SafecrsError as error:
            return row | {"error": str(error)}
        except Exception as error:
            kind = type(error).__name__
            return row | {"error": f"A worker failed ({kind}); the same command without --workers says why."}
        return row | {"slates": json.dumps(slates._asdict())}


def _asked(
    missing: Sequence[tuple[str, int]], task: Mapping[str, Any], workers: int
) -> Iterator[tuple[str, int, Slates]]:
    """Blocks as they are answered, in any order.

    Raises:
        SafecrsError: a worker cannot answer, or Ray gives up.
    """
    rows = [{"system": name, "start": start} for name, start in missing]
    with ray_cluster(workers) as needs:
        import ray.data
        from ray.exceptions import RayError

        asked = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            Asker,
            fn_constructor_kwargs=task,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows))),
            **needs,
        )
        try:
            for row in asked.iter_rows():
                if row["error"]:
                    raise SafecrsError(row["error"])
                yield row["system"], row["start"], Slates.parse(json.loads(row["slates"]))
        except RayError as error:
            raise SafecrsError(
                f"Ray gave up ({type(error).__name__}); the same command goes on from what was answered."
            ) from error
