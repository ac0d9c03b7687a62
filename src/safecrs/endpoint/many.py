"""Run waiting tasks concurrently in threads, with results in order."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.pool import ThreadPool
from threading import Event
from typing import TypeVar

T = TypeVar("T")


def in_order(work: Callable[[int], T], count: int, at_once: int, came: Callable[[int, T], None]) -> list[T]:
    """``work(0)`` … ``work(count - 1)``, ``at_once`` of them running at a time in threads.

    ``came`` is called with each result in the calling thread, so it needs no locks. After the first error or
    Ctrl-C no more work begins, and running work is not waited for: this pool's threads are daemons.
    """
    results: dict[int, T] = {}
    failed = Event()

    def numbered(number: int) -> tuple[int, T] | None:
        if failed.is_set():
            return None
        try:
            return number, work(number)
        except BaseException:
            failed.set()
            raise

    with ThreadPool(max(1, min(at_once, count))) as pool:
        for number, result in filter(None, pool.imap_unordered(numbered, range(count))):
            results[number] = result
            came(number, result)
    return [results[number] for number in range(count)]
