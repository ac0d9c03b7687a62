"""Work in many processes: of this machine over pipes, or of the Ray cluster that the environment names."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from queue import SimpleQueue
from threading import Lock
from typing import Any

from safecrs.endpoint.many import in_order
from safecrs.errors import SafecrsError, extra

ADDRESS = "RAY_ADDRESS"
_TRIES = 3
Came = Callable[[Mapping[str, Any]], None]
"""Told each answer as it comes."""


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
        import ray
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
