"""What a run's trainer was configured with in the end; what was asked for is in `safecrs.training.runs.record`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safecrs.storage import write_json

RESOLVED = "resolved.json"
_PRIVATE = ("_dir", "_token")


def write_arguments(run: Path, arguments: Any) -> None:
    """Keep a trainer's arguments in the run's folder: TRL's defaults too, and what the hardware decided.

    Left out are folders, tokens, and what is not JSON. Nothing is read from it again: another machine may
    decide otherwise when the run goes on.
    """
    told = {
        name: value
        for name, value in arguments.to_dict().items()
        if not name.endswith(_PRIVATE) and _can_be_told(value)
    }
    write_json(run / RESOLVED, told)


def _can_be_told(value: object) -> bool:
    """Whether it is JSON without a path of this machine."""
    if isinstance(value, str):
        return not Path(value).is_absolute()
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _can_be_told(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_can_be_told, value))
    return value is None or (isinstance(value, int | float) and math.isfinite(value))
