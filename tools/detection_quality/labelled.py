"""User turns written and labelled by hand (``data/turns``), for fitting and for measuring."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from safecrs.detection.strength import Strength
from safecrs.errors import SafecrsError
from safecrs.taxonomy import Domain

TURNS = Path(__file__).resolve().parents[2] / "data" / "turns"
Kind = Literal["explicit", "implicit", "family", "several", "negated", "other_person", "fiction", "none"]
Split = Literal["dev", "held_out", "fresh", "later", "threshold_dev", "threshold_held_out"]


class Turn(BaseModel, frozen=True, extra="forbid"):
    """What somebody might write, and the traits it discloses (often none).

    ``strength``: those of its traits whose threshold the words make stricter or laxer than usual.
    """

    kind: Kind
    domain: Domain
    traits: tuple[str, ...]
    strength: Mapping[str, Strength] = Field(default_factory=dict)
    text: str = Field(min_length=1)


@cache
def load_turns(split: Split) -> tuple[Turn, ...]:
    """The turns of one file; ``data/turns/README.md`` tells what each may be used for.

    Raises:
        SafecrsError: a row is damaged; names it.
    """
    path = TURNS / f"{split}.jsonl"
    turns: list[Turn] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            turns.append(Turn.model_validate(json.loads(line)))
        except (json.JSONDecodeError, ValidationError) as error:
            raise SafecrsError(f"{path.name} row {number} is not a labelled turn.") from error
    return tuple(turns)


def load_oblique() -> list[tuple[str | None, str]]:
    """The sentences of ``oblique.toml`` with the trait that each discloses, or None."""
    oblique = tomllib.loads((TURNS / "oblique.toml").read_text(encoding="utf-8"))
    pairs = [(trait, sentence) for trait, listed in oblique["disclosed"].items() for sentence in listed]
    return [*pairs, *((None, sentence) for sentence in oblique["none"])]
