"""Runs of several processes, as `accelerate launch` starts them.

Everything here does nothing in a run of one process, and reads only the environment until it has to wait.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.storage import atomic_folder

_WAIT_MINUTES = 60  # for the main process to convert a model or to save a large one
_SIGNS = ("closed by peer", "reset by peer", "broken pipe", "remote process exited")  # of gloo and NCCL
LOST = "Another process of this run has ended"


def process_count() -> int:
    """Number of processes of the run; a job scheduler's variables about machines do not count."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "LOCAL_RANK" in os.environ else 1


def is_main() -> bool:
    """Whether this is the process that writes the run's files and output."""
    return process_count() == 1 or os.environ.get("RANK", "0") == "0"


def wait_for_all() -> None:
    """Wait until every process has reached this point."""
    if process_count() > 1:
        import torch
        from accelerate import PartialState

        told = os.environ.get("ACCELERATE_USE_CPU", "false").lower() in ("1", "true", "yes")
        cpu, timeout = told or not torch.cuda.is_available(), timedelta(minutes=_WAIT_MINUTES)
        try:
            PartialState(cpu=cpu, timeout=timeout).wait_for_everyone()  # the trainer shares this state
        except RuntimeError as error:
            if lost_process(error):
                raise SafecrsError(f"{LOST}.") from error
            raise


@contextmanager
def main_first() -> Iterator[None]:
    """The main process runs the block before all others: what is made on first use is made once."""
    if not is_main():
        wait_for_all()
    yield
    if is_main():
        wait_for_all()


@contextmanager
def one_folder(target: Path) -> Iterator[Path]:
    """`atomic_folder` for the main process, a temporary folder for the others; all leave together.

    Saving a model that is sharded over the processes needs all of them.
    """
    if is_main():
        with atomic_folder(target) as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory() as nowhere:
            yield Path(nowhere)
    wait_for_all()


def lost_process(error: Exception) -> bool:
    """Whether the error says that another process of this run has ended."""
    text = str(error).lower()
    return process_count() > 1 and isinstance(error, RuntimeError) and any(sign in text for sign in _SIGNS)
