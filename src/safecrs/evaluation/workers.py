"""Ask systems for their slates in several processes, on this machine or a cluster, with Ray Data.

What travels between processes are names, positions of samples and finished slates. Every worker reads the
benchmark, the mapped oracle and the models from disk by itself, so that no conversation enters Ray's object
store or its logs. The folders must be readable under the same paths wherever workers run.

The samples are asked in the same blocks as by `safecrs.evaluation.run`, hence with the same answers; each
block is on disk as soon as it is answered, and what is there is not asked again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from safecrs.benchmark import Sample, Split
from safecrs.benchmark.store import Benchmark, load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation import BLOCK, System
from safecrs.evaluation.cluster import ray_cluster
from safecrs.evaluation.run import slate_stores
from safecrs.evaluation.slate_store import SlateBlocks, read_slates
from safecrs.evaluation.systems import Trained, lineup
from safecrs.progress import Report, quiet
from safecrs.recommenders.requests import requests_for
from safecrs.slates.base import K

_STAGE = "Ask"


def ask_in_parallel(
    folder: Path,
    models: Sequence[Trained],
    split: Split,
    store: Path,
    workers: int,
    *,
    limit: int | None = None,
    report: Report = quiet,
) -> None:
    """Write the slates of every system of the line-up into ``store``, where `measure_all` finds them.

    A local Ray cluster is started and ended, unless the environment names one (``RAY_ADDRESS``). With GPUs,
    every worker has one to itself. A worker that dies is replaced and its block asked again.

    Args:
        folder: a stored benchmark with its oracle.
        limit: only so many samples, the first ones.

    Raises:
        SafecrsError: Ray is not installed, a folder cannot be read, or a worker cannot answer.
    """
    benchmark = load_benchmark(folder)
    samples = benchmark.split(split)[:limit]
    systems = lineup(benchmark, models)
    stores = slate_stores(benchmark, models, systems, samples, store)
    blocks = {
        name: SlateBlocks(*stored, len(samples), BLOCK)
        for name, stored in zip((system.name for system in systems), stores, strict=True)
    }
    missing = [(name, start) for name, kept in blocks.items() for start in kept.missing()]
    total = len(systems) * len(samples)
    done = total - sum(min(BLOCK, len(samples) - start) for _, start in missing)
    report(_STAGE, done, total, "")
    if missing:
        where = [replace(model, folder=model.folder.resolve()) for model in models]
        task = {"folder": folder.resolve(), "models": where, "split": split, "limit": limit}
        for name, start, slates, seconds in _asked(missing, task, workers):
            blocks[name].add(start, slates, seconds)
            done += len(slates)
            report(_STAGE, done, total, name)
    for kept in blocks.values():
        kept.join()


class Asker:
    """In a worker: answers blocks, with everything that takes read once."""

    def __init__(self, folder: Path, models: Sequence[Trained], split: Split, limit: int | None) -> None:
        self.folder, self.models, self.split, self.limit = folder, models, split, limit
        self.current: tuple[str, Any] = ("", None)

    @cached_property
    def benchmark(self) -> Benchmark:
        """The benchmark and its oracle."""
        return load_benchmark(self.folder)

    @cached_property
    def samples(self) -> list[Sample]:
        """What is asked."""
        return self.benchmark.split(self.split)[: self.limit]

    @cached_property
    def systems(self) -> dict[str, System]:
        """By name; they share models and tastes."""
        return {system.name: system for system in lineup(self.benchmark, self.models)}

    def __call__(self, batch: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Answer blocks: the columns ``system`` and ``start``, with ``slates``, ``seconds``, ``error``."""
        rows = [
            self.answer(str(system), int(start))
            for system, start in zip(batch["system"], batch["start"], strict=True)
        ]
        return {column: [row[column] for row in rows] for column in rows[0]}

    def answer(self, name: str, start: int) -> dict[str, Any]:
        """One block of one system.

        An error of ours is told by its sentence. Any other by its name alone: Ray would log it, and it might
        quote what a person said.
        """
        row: dict[str, Any] = {"system": name, "start": start, "slates": "[]", "seconds": 0.0, "error": ""}
        started = time.perf_counter()
        try:
            system = self.systems[name]
            if self.current[0] != name:
                self.current = ("", None)  # first let go of the last one: models are large
                self.current = (name, system.policy())
            part = requests_for(
                self.samples[start : start + BLOCK], self.benchmark.oracle, system.constraints
            )
            slates = self.current[1].recommend(part, K)
        except SafecrsError as error:
            return row | {"error": str(error)}
        except Exception as error:
            kind = type(error).__name__
            return row | {"error": f"A worker failed ({kind}); the same command without --workers says why."}
        return row | {"slates": json.dumps(slates), "seconds": time.perf_counter() - started}


def _asked(
    missing: Sequence[tuple[str, int]], task: Mapping[str, Any], workers: int
) -> Iterator[tuple[str, int, list[Any], float]]:
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
                slates = read_slates(json.loads(row["slates"]))
                yield row["system"], row["start"], slates, row["seconds"]
        except RayError as error:
            raise SafecrsError(
                f"Ray gave up ({type(error).__name__}); the same command goes on from what was answered."
            ) from error
