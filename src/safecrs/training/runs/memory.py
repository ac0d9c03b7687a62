"""Keep freed memory instead of handing it back to the system after every training step."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_NEVER = -1
_DEFAULT_TRIM_THRESHOLD, _DEFAULT_MMAP_MAX = 128 * 1024, 65536  # mallopt(3)
STEPS = 25
"""Between two times that what was kept is handed back."""


@contextmanager
def kept_memory() -> Iterator[Any | None]:
    """Let glibc's allocator reuse large blocks inside; yields a callback for the trainer, None elsewhere.

    A step on the CPU allocates and frees gigabytes. By default each block comes from the kernel and goes back
    to it, and clearing the fresh pages takes longer than the arithmetic of a small model, and a third of the
    time of SmolLM2. But what is kept piles up: batches of many lengths cut it into pieces that fit no other
    (SmolLM2 grew from 5 to 13 GB in 240 steps). So the callback hands all of it back every `STEPS` steps, and
    whoever leaves, also by an exception, finds the allocator as it was: nobody hands it back from then on.
    """
    libc = _glibc()
    if libc is None:
        yield None
        return
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):  # type: ignore[misc]
        """Gives back every `STEPS` steps."""

        def on_step_end(self, *trainer: Any, **_: Any) -> None:
            if trainer[1].global_step % STEPS == 0:
                libc.malloc_trim(0)

    libc.mallopt(_M_MMAP_MAX, 0)
    libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)
    try:
        yield Keeper()
    finally:
        libc.mallopt(_M_MMAP_MAX, _DEFAULT_MMAP_MAX)
        libc.mallopt(_M_TRIM_THRESHOLD, _DEFAULT_TRIM_THRESHOLD)
        libc.malloc_trim(0)


def _glibc() -> Any:
    """The C library if it is one that can be told, else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
    except OSError:
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
