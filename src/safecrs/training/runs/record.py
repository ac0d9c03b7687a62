"""The record of a run: everything that decides what it produces."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from safecrs.errors import SafecrsError
from safecrs.storage import read_json

RECORD = "run.json"
_PACKAGES = ("safecrs", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy")


class RunRecord(BaseModel):
    """Everything that decides what a run produces.

    Attributes:
        stage: "sft", "safe-sft" or "safe-gdpo".
        base: fingerprint of the model it starts from.
        settings: the stage's configuration as resolved.
        data: fingerprint of the training samples.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str
    base: str
    settings: dict[str, Any]
    seed: int
    data: str
    versions: dict[str, str]

    @property
    def reasons(self) -> bool:
        """Whether the model writes a safety analysis before its list."""
        told = self.settings.get("selection") or {}
        return bool(told.get("reasons", self.stage != "sft" and self.settings.get("reasoning", True)))

    @property
    def safe(self) -> bool:
        """Whether the model was trained to be safe: by what it was shown, or by a reward."""
        if "gdpo" in self.settings:
            return bool(self.settings["gdpo"]["rewards"]["safety"] > 0)
        return self.stage != "sft"

    @property
    def svr_ceiling(self) -> float | None:
        """What the chosen checkpoint should stay under; None where there is no ceiling or no choice."""
        ceiling = (self.settings.get("selection") or {}).get("svr_ceiling")
        return None if ceiling is None else float(ceiling)


def installed_versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def read_record(path: Path) -> RunRecord:
    """Read a run's record.

    Raises:
        SafecrsError: it is missing or damaged.
    """
    try:
        return RunRecord.model_validate(read_json(path))
    except ValidationError as error:
        raise SafecrsError(
            f"{path} is not the record of a run; choose another folder or delete this one."
        ) from error
