"""One sensitivity: which advisory subjects are relevant to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

DEFAULT_THRESHOLD = 0.66
"""τ of the paper: an item is unsafe for a trait when its risk is at least this."""

Applicability = Literal["strong", "weak", "proxy", "none"]
Domain = Literal["film", "game"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Constraints = Mapping[str, float]
"""Trait id → the user's own risk threshold τ in (0, 1]."""


class Trait(BaseModel, frozen=True, extra="forbid"):
    """One sensitivity.

    ``guide`` are the weights w(t) over `CATEGORIES`; ``applicability`` is how far the parents guide covers
    the trait; ``topics`` maps content topics (DoesTheDogDie topics, ESRB descriptors) to the risk of a clear
    "yes", 1 for a trigger. ``assigned`` traits are those that benchmarks give to people. A trait with an
    ``age`` is an audience: what does not suit that age is a risk (`safecrs.oracle.audience`).
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1)
    avoid: str = Field(min_length=1)
    """Completes "leave out …" in explanations: "films with blood, gore or body horror"."""
    guide: tuple[Weight, Weight, Weight, Weight, Weight] = (0.0, 0.0, 0.0, 0.0, 0.0)
    applicability: Applicability = "none"
    topics: dict[str, Annotated[float, Field(ge=0, le=1)]]
    aliases: tuple[str, ...] = ()
    assigned: bool = True
    age: int | None = None

    @field_validator("topics", mode="before")
    @classmethod
    def _plain_list_means_triggers(cls, value: object) -> object:
        return dict.fromkeys(value, 1.0) if isinstance(value, list) else value

    @model_validator(mode="after")
    def _consistent(self) -> Trait:
        if (sum(self.guide) > 0) != (self.applicability != "none"):
            raise ValueError(
                f"trait {self.id!r}: guide weights and applicability {self.applicability!r} disagree"
            )
        return self
