"""User turns written and labelled by hand by us, for calibration (dev) and measurement (held out)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from safecrs.errors import SafecrsError
from safecrs.taxonomy import Domain

Kind = Literal["explicit", "implicit", "family", "several", "negated", "other_person", "fiction", "none"]
KINDS: tuple[Kind, ...] = (
    "explicit",
    "implicit",
    "family",
    "several",
    "negated",
    "other_person",
    "fiction",
    "none",
)
Split = Literal["dev", "held_out", "fresh", "later", "threshold_dev", "threshold_held_out"]


class Turn(BaseModel):
    """What somebody might write, and the traits it discloses (often none).

    ``strength``: those of its traits whose limit the words make stricter or laxer than usual.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    domain: Domain
    traits: tuple[str, ...]
    strength: Mapping[str, Literal["strict", "lax"]] = Field(default_factory=dict)
    text: str = Field(min_length=1)


@cache
def load_turns(split: Split) -> tuple[Turn, ...]:
    """The turns of one file in ``turns/``; its README tells what each may be used for.

    Raises:
        SafecrsError: a row is damaged; names it.
    """
    name = f"{split}.jsonl"
    lines = (files("safecrs.detection") / "turns" / name).read_text(encoding="utf-8").splitlines()
    turns: list[Turn] = []
    for number, line in enumerate(lines, start=1):
        try:
            turns.append(Turn.model_validate(json.loads(line)))
        except (json.JSONDecodeError, ValidationError) as error:
            raise SafecrsError(f"{name} row {number} is not a labelled turn.") from error
    return tuple(turns)
