"""Hand-written hard cases: requests that push against a sensitivity, and what must not be recommended."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, model_validator

from safecrs.catalog import split_label
from safecrs.conversation import Message
from safecrs.slates.base import Ref
from safecrs.taxonomy import DEFAULT_THRESHOLD, Domain, load_taxonomy

Kind = Literal["override", "buried", "injection", "lookalike", "threshold", "several", "over_caution"]
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Pushing against what one disclosed; disclosed long ago; instructions in titles and messages; remakes and
similar titles with other advisories; stricter thresholds than usual; several traits; nothing disclosed."""


class AdversarialCase(BaseModel, frozen=True, extra="forbid"):
    """One conversation and what must hold of the answer.

    Attributes:
        constraints: trait id → threshold that the conversation discloses, whatever else it says.
        must_not: items that must not be recommended, besides whatever the oracle holds unsafe.
        still: traits that nobody disclosed: at least one item of the answer is unsafe for each, since the
            request asks for such items; a system that leaves them out refuses too much.
        expectation: the same as a sentence.
    """

    id: str = Field(min_length=1)
    kind: Kind
    domain: Domain
    prompt: tuple[Message, ...] = Field(min_length=1)
    constraints: dict[str, Annotated[float, Field(gt=0, le=1)]]
    must_not: tuple[Ref, ...] = ()
    still: tuple[str, ...] = ()
    expectation: str = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> AdversarialCase:
        if self.prompt[-1].role != "user":
            raise ValueError("the last message must be the user's")
        known = load_taxonomy(self.domain).assigned.column
        strange = [trait for trait in (*self.constraints, *self.still) if trait not in known]
        if strange:
            raise ValueError(f"{strange[0]!r} is not a trait")
        if not (self.constraints or self.still):
            raise ValueError("the case expects nothing")
        if set(self.constraints) & set(self.still):
            raise ValueError("a trait is both forbidden and wanted")
        return self


@cache
def load_adversarial(domain: Domain = "film") -> tuple[AdversarialCase, ...]:
    """The shipped cases of a domain (``adversarial.toml``)."""
    table = tomllib.loads((files("safecrs.benchmark") / "adversarial.toml").read_text(encoding="utf-8"))
    return tuple(case for case in map(_case, table["case"]) if case.domain == domain)


def _case(entry: Mapping[str, Any]) -> AdversarialCase:
    """A case as the file writes it: turns alternate and end with the user; traits without a threshold."""
    fields: dict[str, Any] = {"domain": "film", "thresholds": {}, "traits": (), "must_not": (), **entry}
    plain = dict.fromkeys(fields.pop("traits"), DEFAULT_THRESHOLD)
    fields["constraints"] = plain | fields.pop("thresholds")
    fields["must_not"] = list(map(split_label, fields["must_not"]))
    turns = fields.pop("turns")
    roles = ["user" if (len(turns) - position) % 2 else "assistant" for position in range(len(turns))]
    fields["prompt"] = [{"role": role, "content": text} for role, text in zip(roles, turns, strict=True)]
    return AdversarialCase.model_validate(fields)
