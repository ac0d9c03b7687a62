"""A run's manifest (``run.json``): what decides its result, its provenance, and its trainer's arguments."""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError, model_validator

from safecrs.benchmark.card import DataCard
from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_folder, hub_id
from safecrs.recommenders.language_models.grown import GROWN
from safecrs.storage import read_json, write_json
from safecrs.training.models.base import MADE_FROM

MANIFEST = "run.json"
_ABOUT = "about.json"  # where 0.1.0 kept the provenance
_IDENTITY = ("stage", "base", "settings", "seed", "data", "reasons")
_PACKAGES = ("safecrs", "torch", "transformers", "trl", "peft", "accelerate", "datasets", "numpy")
_PRIVATE = ("_dir", "_token")


class BaseFacts(BaseModel, frozen=True, extra="forbid"):
    """What is known of the model under all training.

    Attributes:
        hub: its id on the Hugging Face hub, if it has one.
        licence: as its own card states it.
        made_here: whether safecrs made it from the benchmark's data and nothing else.
    """

    name: str
    hub: str | None = None
    licence: str | None = None
    made_here: bool = False


class Provenance(BaseModel, frozen=True, extra="forbid"):
    """Where a run comes from, for its model card; nothing here decides what it produces.

    Attributes:
        base: the model under all training, not the one that an earlier run left.
        method: what the objective does, with the options that matter.
        data: the benchmark's card.
        earlier: the cards of other benchmarks, on which earlier stages were trained.
        commands: the command lines of all stages, this run's last.
    """

    base: BaseFacts
    method: str = ""
    data: DataCard | None = None
    earlier: tuple[DataCard, ...] = ()
    commands: tuple[str, ...] = ()


class RunManifest(BaseModel, frozen=True, extra="forbid"):
    """Everything that decides what a run produces, and where it comes from.

    Attributes:
        stage: the objective's id.
        base: fingerprint of the model it starts from.
        settings: TRL's that were given, the objective's own, and the model's.
        data: fingerprint of the training samples.
        reasons: whether the model writes a safety analysis before its list.
        safe: whether it learns to avoid what is unsafe for a person.
        arguments: all of the trainer's, TRL's defaults and what the hardware decides included; never read
            again, since another machine may decide otherwise when the run is resumed.
    """

    stage: str
    base: str
    settings: dict[str, Any]
    seed: int
    data: str
    reasons: bool
    safe: bool
    versions: dict[str, str]
    provenance: Provenance | None = None
    arguments: dict[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _of_0_1_0(cls, raw: Any) -> Any:
        """Version 0.1.0 left ``reasons`` and ``safe`` to the settings."""
        if not isinstance(raw, Mapping) or not isinstance(raw.get("settings"), Mapping) or "safe" in raw:
            return raw
        settings = dict(raw["settings"])
        supervised = raw.get("stage") != "sft"
        told = settings.pop("reasoning", True) and supervised
        selection, gdpo = settings.get("selection") or {}, settings.get("gdpo") or {}
        safe = gdpo.get("rewards", {}).get("safety", 1) > 0 and supervised
        return {**raw, "settings": settings, "reasons": selection.get("reasons", told), "safe": safe}

    @property
    def svr_ceiling(self) -> float | None:
        """The SVR that the chosen checkpoint should not exceed; None without a ceiling or a choice."""
        ceiling = (self.settings.get("selection") or {}).get("svr_ceiling")
        return None if ceiling is None else float(ceiling)

    def differences(self, other: RunManifest) -> list[str]:
        """The fields that make ``other`` another run."""
        return [name for name in _IDENTITY if getattr(self, name) != getattr(other, name)]


def read_manifest(run: Path) -> RunManifest:
    """The manifest in a run's folder, also of version 0.1.0."""
    path = run / MANIFEST
    if not path.is_file():
        missing = "holds no run" if run.is_dir() else "does not exist"
        raise SafecrsError(f"{run} {missing}: give the folder that `safecrs train … --out` wrote.")
    raw = read_json(path)
    if isinstance(raw, dict) and "provenance" not in raw and (run / _ABOUT).is_file():
        raw["provenance"] = read_json(run / _ABOUT)
    try:
        return RunManifest.model_validate(raw)
    except (ValidationError, TypeError) as error:
        raise SafecrsError(
            f"{path} is not the manifest of a run; choose another folder or delete this one."
        ) from error


def write_manifest(run: Path, manifest: RunManifest, arguments: Any = None) -> None:
    """Write the manifest into a run's folder, with a trainer's ``arguments`` once there are any.

    Left out of these are folders, tokens, and what is not JSON.
    """
    if arguments is not None:
        kept = {
            name: value
            for name, value in arguments.to_dict().items()
            if not name.endswith(_PRIVATE) and _is_public_json(value)
        }
        manifest = manifest.model_copy(update={"arguments": kept})
    write_json(run / MANIFEST, manifest.model_dump(mode="json"))


def manifest_of(model: Path) -> RunManifest | None:
    """The manifest of the run that left the model in ``model``; None for a model of another origin."""
    run = model.parent
    return read_manifest(run) if model.name == "model" and (run / MANIFEST).is_file() else None


def describe(
    base: Path, data: DataCard | None = None, command: str | None = None, method: str = ""
) -> Provenance:
    """The provenance of a run that starts from the model in ``base``."""
    manifest = manifest_of(base)
    before = manifest.provenance if manifest else None
    before = before or Provenance(base=_base_facts(base))
    commands = before.commands
    if command and commands[-1:] != (command,):
        commands = (*commands, command)
    return Provenance(
        base=before.base,
        method=method,
        data=data,
        earlier=tuple(
            {
                card.fingerprint: card
                for card in (*before.earlier, before.data)
                if card and (data is None or card.fingerprint != data.fingerprint)
            }.values()
        ),
        commands=commands,
    )


def installed_versions() -> dict[str, str]:
    """Versions of the packages that a result depends on."""
    versions = {}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _is_public_json(value: object) -> bool:
    """Whether it is JSON without a path of this machine."""
    if isinstance(value, str):
        return not Path(value).is_absolute()
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _is_public_json(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_public_json, value))
    return value is None or (isinstance(value, int | float) and math.isfinite(value))


def _base_facts(folder: Path) -> BaseFacts:
    if (folder / GROWN).is_file():
        inside = _base_facts(base_folder(str(read_json(folder / GROWN)["base"])))
        return inside.model_copy(update={"name": f"{inside.name} with the catalog's titles as tokens"})
    if (folder / MADE_FROM).is_file():
        return BaseFacts(name="a tiny Llama made for this catalog", made_here=True)
    header = _card_header(folder / "README.md")
    named, licence = header.get("base_model"), header.get("license")
    hub = hub_id(folder) or (named if isinstance(named, str) else None)
    return BaseFacts(
        name=hub or folder.resolve().name, hub=hub, licence=licence if isinstance(licence, str) else None
    )


def _card_header(card: Path) -> dict[str, object]:
    """The header of a model card; empty where there is none that can be read."""
    from huggingface_hub import metadata_load

    try:
        return metadata_load(card) or {} if card.is_file() else {}
    except Exception:  # a third party's file: whatever the parser raises
        return {}
