"""A run of several processes, as `accelerate launch` starts them: who writes, who waits, whose end is told.

Everything here does nothing in a run of one process, and only asks the environment until it has to wait.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError
from safecrs.storage import atomic_folder

_WAIT_MINUTES = 60  # for the main process to convert a model or to save a large one
_SIGNS = ("closed by peer", "reset by peer", "broken pipe", "remote process exited")  # of gloo and NCCL
LOST = "Another process of this run has ended"


def process_count() -> int:
    """How many processes the run has; what a job scheduler says of machines is not about them."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1


def is_main() -> bool:
    """Whether this is the process that writes the run's files and talks."""
    return process_count() == 1 or os.environ.get("RANK", "0") == "0"


def wait_for_all() -> None:
    """Go on only when every process has come here.

    Raises:
        SafecrsError: one of them has ended.
    """
    if process_count() > 1:
        try:
            _state().wait_for_everyone()
        except RuntimeError as error:
            if lost_process(error):
                raise SafecrsError(f"{LOST}.") from error
            raise


@contextmanager
def main_first() -> Iterator[None]:
    """The main process goes through the block before all others: what is made on first use is made once.

    Raises:
        SafecrsError: another process has ended, as the main one does when it fails in the block.
    """
    if not is_main():
        wait_for_all()
    yield
    if is_main():
        wait_for_all()


@contextmanager
def one_folder(target: Path) -> Iterator[Path]:
    """`atomic_folder` for the main process, a folder that is thrown away for the others; all leave together.

    Saving a model that is spread over the processes needs all of them.
    """
    if is_main():
        with atomic_folder(target) as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory() as nowhere:
            yield Path(nowhere)
    wait_for_all()


def lost_process(error: Exception) -> bool:
    """Whether the error says that another process of this run is gone."""
    text = str(error).lower()
    return process_count() > 1 and isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)


def _state() -> Any:
    """Accelerate's view of the processes, which the trainer finds again."""
    from datetime import timedelta

    import torch
    from accelerate import PartialState

    told = os.environ.get("ACCELERATE_USE_CPU", "false").lower() in ("1", "true", "yes")
    return PartialState(cpu=told or not torch.cuda.is_available(), timeout=timedelta(minutes=_WAIT_MINUTES))
