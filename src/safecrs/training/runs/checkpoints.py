"""The trainer's checkpoints: complete once their checksums are written; damaged ones are set aside."""

from __future__ import annotations

import warnings
from pathlib import Path

from safecrs.errors import SafecrsWarning
from safecrs.storage import SUMS, first_damaged, write_sums

_NAME = "checkpoint"


def checkpoint(folder: Path, step: int) -> Path:
    """The folder of the checkpoint of that step, as the trainer names it."""
    return folder / f"{_NAME}-{step}"


def seal(path: Path) -> None:
    """Flush a checkpoint to disk and write its checksums."""
    write_sums(path, _files(path))


def sealed_steps(folder: Path) -> list[int]:
    """The steps of the complete checkpoints in ``folder``; one without checksums was cut short."""
    found = (path.parent.name.partition("-")[2] for path in folder.glob(f"{_NAME}-*/{SUMS}"))
    return sorted(int(step) for step in found if step.isdecimal())


def clean(folder: Path) -> None:
    """Rename every checkpoint with a damaged file to ``damaged-STEP``, and say so in a warning.

    What a library had begun to write when it was killed is deleted: ``.tmp…`` beside its target.
    """
    for leftover in folder.glob(f"{_NAME}-*/**/.tmp*"):
        leftover.unlink()
    for step in sealed_steps(folder):
        path = checkpoint(folder, step)
        if (name := first_damaged(path, _files(path))) is not None:
            aside = folder / f"damaged-{step}"
            while aside.exists():
                aside = aside.with_name(f"{aside.name}-again")
            path.rename(aside)
            before = [other for other in sealed_steps(folder) if other < step]
            instead = f"the one of step {before[-1]} is used" if before else "it is trained again"
            warnings.warn(
                f"{path} is damaged ({name}) and was renamed to {aside.name}; {instead} instead.",
                SafecrsWarning,
                stacklevel=2,
            )


def _files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file() and file != path / SUMS)
