"""Presets: what to train and how, in a short TOML file."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, ValidationError, create_model

from safecrs.errors import SafecrsError, first_problem
from safecrs.storage import parse_toml, read_text
from safecrs.training.models.spec import TINY, ModelSpec
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Objective

_SHIPPED = files("safecrs.training") / "presets"


class SelectionSettings(BaseModel, frozen=True, extra="forbid"):
    """The table ``[selection]`` of a preset.

    Attributes:
        samples: conversations of the validation split that each checkpoint answers, the same for all; 0 takes
            the last checkpoint without validation.
        svr_ceiling: the SVR that the chosen checkpoint should not exceed; none applies to training without
            safety.
        decoding: how the model will be used: "free", or "constrained" by the oracle, where nothing violates.
    """

    samples: int = Field(default=128, ge=0)
    svr_ceiling: float = Field(default=0.05, ge=0, le=1)
    decoding: Literal["free", "constrained"] = "free"


class Preset(BaseModel, frozen=True, extra="forbid"):
    """A recipe; `make_preset` adds the tables that the objectives name, TRL's and their own.

    Attributes:
        reasoning: whether the safety analysis is trained before the list.
        order: of the items in the lists that are learnt: as in the data, or the most liked first.
        safe_sft_from: whether Safe-SFT starts from the base model, as in the paper, or from the model that
            was trained without safety: a base that knows no films has to learn to recommend first.
    """

    model: ModelSpec = ModelSpec()
    reasoning: bool = True
    order: Literal["given", "popularity"] = "given"
    safe_sft_from: Literal["base", "sft"] = "base"
    selection: SelectionSettings = SelectionSettings()

    if TYPE_CHECKING:

        def __getattr__(self, table: str) -> Any:
            """A table of an objective."""


@cache
def _preset_class(objectives: tuple[Objective, ...]) -> type[Preset]:
    fields: dict[str, Any] = {}
    for objective in objectives:
        fields |= {table: (dict[str, Any], {}) for table in objective.tables}
        fields |= {table: (kind, kind()) for table, kind in objective.options().items()}
    return create_model("Preset", __base__=Preset, **fields)


def make_preset(table: Mapping[str, Any]) -> Preset:
    """The preset that a TOML file or `Preset.model_dump` says.

    Raises:
        ValidationError: a field is unknown or its value refused.
    """
    return _preset_class(tuple(OBJECTIVES.values())).model_validate(table)


def preset_names() -> list[str]:
    """The shipped presets."""
    return sorted(
        entry.name.removesuffix(".toml") for entry in _SHIPPED.iterdir() if entry.name.endswith(".toml")
    )


def load_preset(name: str, overrides: Iterable[str] = ()) -> Preset:
    """A shipped preset or a TOML file, with ``table.key=value`` overrides (TOML values)."""
    path = Path(name)
    if name in preset_names():
        text = (_SHIPPED / f"{name}.toml").read_text(encoding="utf-8")
    elif path.suffix == ".toml" and path.is_file():
        text = read_text(path)
    else:
        raise SafecrsError(
            f"There is no preset {name!r}: choose {', '.join(preset_names())}, or give a .toml file."
        )
    table = parse_toml(text, f"The preset {name}")
    for override in overrides:
        _set(table, override)
    if odd := _not_finite(table):
        raise SafecrsError(f"The preset {name} is not valid: {odd} has to be a finite number.")
    try:
        return make_preset(table)
    except ValidationError as error:
        raise SafecrsError(f"The preset {name} is not valid: {first_problem(error)}.") from error


def choose_preset(name: str | None, model: str | None, overrides: Iterable[str] = ()) -> Preset:
    """The preset called ``name``, else the one made for ``model``, else "tiny"; trains ``model`` if given.

    A model without a preset of its own is trained as SmolLM2 is.
    """
    if name is None:
        name = TINY if model is None else model if model in preset_names() else "smollm2"
    chosen = [f"model.name={json.dumps(model, ensure_ascii=False)}"] if model else []
    return load_preset(name, [*chosen, *overrides])


def to_toml(table: Mapping[str, Any]) -> str:
    """``table`` as a TOML document that `load_preset` reads; what is None is left out."""
    import tomli_w

    return tomli_w.dumps(_without_none(table))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(inner) for key, inner in value.items() if inner is not None}
    return [_without_none(inner) for inner in value] if isinstance(value, list | tuple) else value


def _not_finite(value: Any, name: str = "") -> str | None:
    """The name of the first number below ``value`` that is NaN or infinite."""
    if isinstance(value, Mapping):
        inner = (_not_finite(value[key], f"{name}.{key}".lstrip(".")) for key in value)
        return next(filter(None, inner), None)
    return name if isinstance(value, float) and not math.isfinite(value) else None


def _set(table: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    *parents, last = [part.strip() for part in key.split(".")]
    if not equals or not last:
        raise SafecrsError(f"The override {override!r} has to look like sft.learning_rate=1e-4.")
    try:
        parsed = parse_toml(f"value = {value}", f"The override of {key}")["value"]
    except SafecrsError as error:
        if not isinstance(error.__cause__, tomllib.TOMLDecodeError):
            raise
        parsed = value.strip()
    for parent in parents:
        table = table.setdefault(parent, {})
        if not isinstance(table, dict):
            raise SafecrsError(f"The override {override!r} goes below {parent}, which is not a table.")
    table[last] = parsed
