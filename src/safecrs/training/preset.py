"""Presets: what to train and how, in a short file a person can read."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from safecrs.errors import SafecrsError
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.tiny import TinySize
from safecrs.training.runs.selection import SelectionSettings

TINY = "tiny"
"""The name of the model that is made for a catalog, and of its preset."""


class LoraSpec(BaseModel):
    """Low-rank adapters (Hu et al. 2021) instead of full fine-tuning; names as in peft's ``LoraConfig``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    r: int = Field(default=16, gt=0)
    lora_alpha: int = Field(default=32, gt=0)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: str | tuple[str, ...] = "all-linear"


class ModelSpec(BaseModel):
    """Which model is trained.

    Attributes:
        name: "tiny" (made for the catalog), "smollm2" (out of a Python package), the folder of any causal
            language model that transformers loads, or the hub id of one that was downloaded.
        size: architecture of the tiny model.
        dtype: of the weights.
        lora: adapters; None trains all weights.
        item_tokens: whether every title of the catalog becomes one token of the model (the tiny one's are).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = TINY
    size: TinySize = TinySize()
    dtype: Literal["float32", "bfloat16"] = "float32"
    lora: LoraSpec | None = None
    item_tokens: bool = False


class Preset(BaseModel):
    """A recipe; ``sft``, ``safe_sft`` (``SFTConfig``) and ``rl`` (``GRPOConfig``) go to TRL as they are.

    Attributes:
        reasoning: whether the safety analysis is trained before the list.
        order: of the items in the lists that are learnt: as the person's came, or the most liked first.
        safe_sft_from: whether Safe-SFT starts from the base model, as in the paper, or from the model that
            was trained without safety: a base that knows no films has to learn to recommend first.
        safe_sft: settings of Safe-SFT that differ from ``sft``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: ModelSpec = ModelSpec()
    reasoning: bool = True
    order: Literal["given", "popularity"] = "given"
    safe_sft_from: Literal["base", "sft"] = "base"
    sft: dict[str, Any] = {}
    safe_sft: dict[str, Any] = {}
    rl: dict[str, Any] = {}
    gdpo: GdpoSettings = GdpoSettings()
    selection: SelectionSettings = SelectionSettings()

    @model_validator(mode="after")
    def _one_format(self) -> Preset:
        constrained = self.gdpo.rollouts == "constrained" and self.gdpo.reasoning != "none"
        if constrained and not self.reasoning:
            raise ValueError('without reasoning, constrained rollouts need gdpo.reasoning = "none"')
        return self


def preset_names() -> list[str]:
    """The shipped presets."""
    folder = files("safecrs.training") / "presets"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_preset(name: str, overrides: Iterable[str] = ()) -> Preset:
    """A shipped preset or a TOML file of one's own, with ``table.key=value`` overrides (TOML values).

    Raises:
        SafecrsError: there is no such preset, or it or an override is not valid.
    """
    path = Path(name)
    if name in preset_names():
        text = (files("safecrs.training") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    elif path.suffix == ".toml" and path.is_file():
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise SafecrsError(f"The preset {name} cannot be read: {error}.") from error
    else:
        raise SafecrsError(
            f"There is no preset {name!r}: choose {', '.join(preset_names())}, or give a .toml file."
        )
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SafecrsError(f"The preset {name} is not readable TOML: {error}.") from error
    for override in overrides:
        _set(table, override)
    try:
        return Preset.model_validate(table)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_input=False)[0]
        where = "".join(f"{part}." for part in detail["loc"]).rstrip(".")
        problem = f"{where}: {detail['msg']}" if where else detail["msg"].removeprefix("Value error, ")
        raise SafecrsError(f"The preset {name} is not valid: {problem}.") from error


def choose_preset(name: str | None, model: str | None, overrides: Iterable[str] = ()) -> Preset:
    """The preset called ``name``, else the one made for ``model``, else "tiny"; trains ``model`` if given.

    A model without a preset of its own is trained as SmolLM2 is.
    """
    if name is None:
        name = TINY if model is None else model if model in preset_names() else "smollm2"
    chosen = [f"model.name={json.dumps(model, ensure_ascii=False)}"] if model else []
    return load_preset(name, [*chosen, *overrides])


def _set(table: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    *parents, last = [part.strip() for part in key.split(".")]
    if not equals or not last:
        raise SafecrsError(f"The override {override!r} has to look like sft.learning_rate=1e-4.")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        parsed = value.strip()
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise SafecrsError(f"The override {override!r} goes below {parent}, which is not a table.")
    table[last] = parsed
