"""The shipped configurations for `accelerate launch`: one process a GPU, sharded models, several machines."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from safecrs.errors import SafecrsError


def _folder() -> Path:
    return Path(str(files("safecrs.training"))) / "accelerate"


def launch_names() -> list[str]:
    """The shipped configurations."""
    return sorted(path.stem for path in _folder().glob("*.yaml"))


def launch_config(name: str) -> Path:
    """The file of one of them, for ``accelerate launch --config_file``.

    Raises:
        SafecrsError: there is no such configuration.
    """
    if name not in launch_names():
        raise SafecrsError(f"There is no launch configuration {name!r}: choose {', '.join(launch_names())}.")
    return _folder() / f"{name}.yaml"


def launch_purpose(name: str) -> str:
    """What it is for, in a sentence: its first comment."""
    lines = launch_config(name).read_text(encoding="utf-8").splitlines()
    comment = " ".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
    return comment.partition(". ")[0].rstrip(".") + "."
