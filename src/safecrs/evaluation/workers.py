"""Ask systems for their slates in several processes, of this machine or of a Ray cluster.

What travels between processes are names, positions of samples and finished slates. Every worker reads the
benchmark, the mapped oracle and the models from disk by itself, so that no conversation enters a pipe, Ray's
object store or its logs. The folders must be readable under the same paths wherever workers run.

The samples are asked in the same blocks as by `safecrs.evaluation.run`, hence with the same answers; each
block is on disk as soon as it is answered, and what is there is not asked again.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from safecrs.benchmark import Benchmark, Split, load_benchmark
from safecrs.endpoint.many import in_order
from safecrs.errors import SafecrsError, extra
from safecrs.evaluation.run import ask, slate_stores
from safecrs.evaluation.slate_store import BLOCK, Slates
from safecrs.evaluation.systems import Model, System, lineup
from safecrs.progress import Report, quiet
from safecrs.slates.base import K

_STAGE = "Ask"
ADDRESS = "RAY_ADDRESS"
_TRIES = 3
Came = Callable[[Mapping[str, Any]], None]  # told each answer as it comes


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
            samples = self.benchmark.split(self.split)[: self.limit]
            ((_, slates),) = ask(system, samples, self.benchmark.oracle, K, [start])
        except SafecrsError as error:
            return row | {"error": str(error)}
        except Exception as error:
            kind = type(error).__name__
            return row | {"error": f"A worker failed ({kind}); the same command without --workers says why."}
        return row | {"slates": json.dumps(slates._asdict())}


class Worker:
    """A process of ``module``; it reads ``task`` and then questions, and answers, one JSON value a line.

    When it dies it is started again, and asked again. It gets no Ctrl-C: whoever started it ends it.
    """

    def __init__(self, module: str, task: object, environment: Mapping[str, str]) -> None:
        self._command, self._task = [sys.executable, "-m", module], json.dumps(task)
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[str] | None = None
        self._lock, self._ended = Lock(), False

    def ask(self, question: object) -> Any:
        """The answer to ``question``."""
        for _ in range(_TRIES):
            with suppress(OSError):
                process = self._process or self._start()
                print(json.dumps(question), file=process.stdin, flush=True)
                for line in process.stdout or ():
                    return json.loads(line)
            self.end()
        raise SafecrsError(
            f"A worker died {_TRIES} times at the same conversations; fewer workers have more memory each."
        )

    def _start(self) -> subprocess.Popen[str]:
        with self._lock:
            if self._ended:
                raise SafecrsError("The workers were ended.")
            self._process = subprocess.Popen(  # noqa: S603, our own module
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,
                text=True,
            )
        print(self._task, file=self._process.stdin, flush=True)
        return self._process

    def end(self, *, for_good: bool = False) -> None:
        """Kill the process; ``for_good`` if it is not to be started again."""
        with self._lock:
            self._ended |= for_good
            if self._process is not None:
                self._process.kill()
                self._process.communicate()
                self._process = None


def ask_processes(
    module: str,
    task: object,
    questions: Sequence[object],
    environments: Sequence[Mapping[str, str]],
    came: Came,
) -> None:
    """Ask as many processes of this machine as there are environments; nothing leaves their pipes."""
    workers = [Worker(module, task, environment) for environment in environments]
    idle: SimpleQueue[Worker] = SimpleQueue()
    for worker in workers:
        idle.put(worker)

    def ask(number: int) -> Any:
        worker = idle.get()
        try:
            return worker.ask(questions[number])
        finally:
            idle.put(worker)

    try:
        in_order(ask, len(questions), len(workers), lambda _, answer: came(answer))
    finally:
        for worker in workers:
            worker.end(for_good=True)


def ask_cluster(
    make: type, task: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], workers: int, came: Came
) -> None:
    """Ask Ray Data: ``workers`` actors of the class ``make``, each with a GPU where the cluster has any."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray.data
        from ray.exceptions import RayError
    except ImportError as error:
        raise SafecrsError(f"The workers of a cluster need Ray: {extra('ray')}.") from error
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    ray.data.DataContext.get_current().enable_progress_bars = False
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise SafecrsError(f"There is no Ray cluster at {os.environ[ADDRESS]} ({reason}).") from error
    try:
        asked = ray.data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            make,
            fn_constructor_kwargs=task,
            batch_size=1,
            compute=ray.data.ActorPoolStrategy(size=min(workers, len(rows))),
            num_cpus=1,
            num_gpus=1 if ray.cluster_resources().get("GPU") else None,
        )
        for row in asked.iter_rows():
            came(row)
    except RayError as error:
        raise SafecrsError(
            f"Ray gave up ({type(error).__name__}); the same command goes on from what was answered."
        ) from error
    finally:
        ray.shutdown()


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
    """A worker's process: reads the task and then blocks to answer (`Worker`)."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    asker = Asker(**json.loads(sys.stdin.readline()))
    for line in sys.stdin:
        print(json.dumps(asker.answer(*json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
