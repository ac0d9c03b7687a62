"""Run waiting tasks concurrently in threads, with results in order."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import TypeVar

T = TypeVar("T")


def in_order(work: Callable[[int], T], count: int, at_once: int, came: Callable[[int, T], None]) -> list[T]:
    """``work(0)`` … ``work(count - 1)``, ``at_once`` of them running at a time in threads.

    ``came`` is called with each result in the calling thread, so it needs no locks. After the first error or
    Ctrl-C no more work begins, and running work is not waited for: hence daemon threads and no pool.
    """
    todo: SimpleQueue[int] = SimpleQueue()
    done: SimpleQueue[tuple[int, T | None, BaseException | None]] = SimpleQueue()
    stop = Event()
    for number in range(count):
        todo.put(number)

    def run() -> None:
        while not stop.is_set():
            try:
                number = todo.get_nowait()
            except Empty:
                return
            try:
                done.put((number, work(number), None))
            except BaseException as error:  # raised again in the calling thread
                done.put((number, None, error))
                return

    results: dict[int, T] = {}
    for _ in range(min(at_once, count)):
        Thread(target=run, daemon=True).start()
    try:
        while len(results) < count:
            number, result, error = done.get()
            if error is not None:
                raise error
            results[number] = result  # type: ignore[assignment]
            came(number, results[number])
    finally:
        stop.set()
    return [results[number] for number in range(count)]
