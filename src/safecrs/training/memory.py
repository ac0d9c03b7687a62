"""Keep freed memory instead of handing it back to the system after every training step."""

from __future__ import annotations

import ctypes
import sys
from typing import Any

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h
_NEVER = -1
STEPS = 25
"""Between two times that what was kept is handed back."""


def memory_keeper() -> Any | None:
    """A callback that lets glibc's allocator reuse large blocks while a trainer trains; None elsewhere.

    A step on the CPU allocates and frees gigabytes. By default each block comes from the kernel and goes back
    to it, and clearing the fresh pages takes longer than the arithmetic of a small model, and a third of the
    time of SmolLM2. But what is kept piles up: batches of many lengths cut it into pieces that fit no other
    (SmolLM2 grew from 5 to 13 GB in 240 steps). So all of it goes back now and then.
    """
    libc = _glibc()
    if libc is None:
        return None
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):  # type: ignore[misc]
        """Keeps while it trains; gives back every `STEPS` steps and in the end."""

        def on_train_begin(self, *_: Any, **__: Any) -> None:
            libc.mallopt(_M_MMAP_MAX, 0)
            libc.mallopt(_M_TRIM_THRESHOLD, _NEVER)

        def on_step_end(self, *trainer: Any, **_: Any) -> None:
            if trainer[1].global_step % STEPS == 0:
                libc.malloc_trim(0)

        def on_train_end(self, *_: Any, **__: Any) -> None:
            libc.malloc_trim(0)

    return Keeper()


def _glibc() -> Any:
    """The C library if it is one that can be told, else None."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        library = ctypes.CDLL(None)
    except OSError:
        return None
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
