"""What a build leaves beside its target until that is whole: the same command goes on from there."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from safecrs.benchmark.store import STEPS
from safecrs.endpoint import AnswerFile

_ANSWERS = "answers.jsonl"


class Partial:
    """The folder ``TARGET.partial``; it is made when something is put there, and never kept empty.

    Attributes:
        steps: where a build writes the outcome of its steps.
    """

    def __init__(self, target: Path) -> None:
        self.folder = target.with_name(f"{target.name}.partial")
        self.steps = self.folder / STEPS

    def answers(self) -> AnswerFile:
        """The answers of an endpoint: those of a build that was stopped, and those to come.

        An answer is kept under everything that was asked, so that one to another question is never taken.

        Raises:
            SafecrsError: the file cannot be read or written.
        """
        return AnswerFile(self.folder / _ANSWERS)

    def remove(self) -> None:
        """The target is whole: remove what was put here, and the folder unless it holds something else."""
        with suppress(OSError):
            (self.folder / _ANSWERS).unlink(missing_ok=True)
        shutil.rmtree(self.steps, ignore_errors=True)

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.folder.rmdir()
