"""Ask systems for their slates in several processes, of this machine or of a Ray cluster.

What travels between processes are names, positions of samples and finished slates. Every worker reads the
benchmark, the mapped oracle and the models from disk by itself, so that no conversation enters a pipe, Ray's
object store or its logs. The folders must be readable under the same paths wherever workers run.

The samples are asked in the same blocks as by `safecrs.evaluation.run`, hence with the same answers; each
block is on disk as soon as it is answered, and what is there is not asked again.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from typing import Any

from safecrs.benchmark import Benchmark, Sample, Split, load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.cluster import ADDRESS, ask_cluster, ask_processes
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

    The workers are processes of this machine, or of the Ray cluster that ``RAY_ADDRESS`` names. With GPUs,
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

    def came(row: Mapping[str, Any]) -> None:
        nonlocal done
        if row["error"]:
            raise SafecrsError(row["error"])
        slates = Slates.parse(json.loads(row["slates"]))
        by_name[row["system"]].add(row["start"], slates)
        done += len(slates.slates)
        report(_STAGE, done, total, row["system"])

    told = [{"name": model.name, "folder": str(model.folder.resolve())} for model in models]
    task = {"folder": str(folder.resolve()), "models": told, "split": split, "limit": limit}
    if missing and os.environ.get(ADDRESS):
        rows = [{"system": name, "start": start} for name, start in missing]
        ask_cluster(Asker, task, rows, workers, came)
    elif missing:
        ask_processes(__name__, task, missing, _environments(min(workers, len(missing)), models), came)
    for kept in stores:
        kept.join()


class Asker:
    """In a worker: answers blocks; benchmark and models are read once.

    Args:
        models: name and folder of each model.
    """

    def __init__(
        self, folder: str, models: Sequence[Mapping[str, str]], split: Split, limit: int | None
    ) -> None:
        self.folder, self.split, self.limit = Path(folder), split, limit
        self.models = [Model(model["name"], Path(model["folder"])) for model in models]
        self._make = lru_cache(maxsize=1)(lambda name: self.systems[name].make())  # one: models are large

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

        The sentence of a `SafecrsError` is passed on. Of any other error only the name is: it might quote
        what a person said.
        """
        row: dict[str, Any] = {"system": name, "start": start, "slates": "", "error": ""}
        try:
            system = replace(self.systems[name], make=partial(self._make, name))
            ((_, slates),) = ask(system, self.samples, self.benchmark.oracle, K, [start])
        except SafecrsError as error:
            return row | {"error": str(error)}
        except Exception as error:
            kind = type(error).__name__
            return row | {"error": f"A worker failed ({kind}); the same command without --workers says why."}
        return row | {"slates": json.dumps(slates._asdict())}


def _environments(workers: int, models: Sequence[Model]) -> list[dict[str, str]]:
    """For each worker: its share of the cores and, where there are models and GPUs, a GPU of its own."""
    devices: list[str] = []
    if models:
        import torch

        named = os.environ.get("CUDA_VISIBLE_DEVICES") or ",".join(map(str, range(torch.cuda.device_count())))
        devices = named.split(",")[: torch.cuda.device_count()]
    count = min(workers, len(devices)) or workers
    threads = str(max(1, (os.cpu_count() or 1) // count))
    shares = {"OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", threads)}
    return [shares | ({"CUDA_VISIBLE_DEVICES": devices[n]} if devices else {}) for n in range(count)]


def _serve() -> None:
    """A worker's process: reads the task and then blocks to answer, see `safecrs.evaluation.cluster`."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    asker = Asker(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(asker.answer(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
