"""Traits: what a user may be sensitive to, and which advisory subjects are relevant to it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from safecrs.errors import SafecrsError, first_problem

CATEGORIES = ("sex", "violence", "profanity", "substances", "frightening")
"""The five IMDb parents-guide categories, in the order of every severity vector."""

SEVERITIES = ("None", "Mild", "Moderate", "Severe")
"""Severity names; the position is the number that enters the risk formula (0…3)."""

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
    "yes", 1 for a trigger.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    name: str = Field(min_length=1)
    avoid: str = Field(min_length=1)
    """Completes "leave out …" in explanations: "films with blood, gore or body horror"."""
    guide: tuple[Weight, Weight, Weight, Weight, Weight] = (0.0, 0.0, 0.0, 0.0, 0.0)
    applicability: Applicability = "none"
    topics: dict[str, Annotated[float, Field(ge=0, le=1)]]
    aliases: tuple[str, ...] = ()

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


class Taxonomy(BaseModel, frozen=True, extra="forbid"):
    """The traits of one domain, in a fixed order: the columns of every risk matrix."""

    domain: Domain
    traits: tuple[Trait, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Taxonomy:
        ids = [trait.id for trait in self.traits]
        if len(set(ids)) != len(ids):
            raise ValueError("two traits share an id")
        return self

    @property
    def ids(self) -> tuple[str, ...]:
        """Trait ids in column order."""
        return tuple(trait.id for trait in self.traits)

    @cached_property
    def column(self) -> dict[str, int]:
        """Trait id → column of the risk matrix."""
        return {trait.id: position for position, trait in enumerate(self.traits)}

    @cached_property
    def topics(self) -> tuple[str, ...]:
        """The topics of all traits, sorted."""
        return tuple(sorted({topic for trait in self.traits for topic in trait.topics}))

    def find(self, name: str) -> Trait | None:
        """The trait with this id, name or alias, if there is one; case and punctuation do not matter."""
        return self._by_name.get(_key(name))

    def trait(self, name: str) -> Trait:
        """The trait with this id, name or alias (`find`), which must exist."""
        found = self.find(name)
        if found is None:
            import difflib

            close = difflib.get_close_matches(_key(name), self._by_name, n=3, cutoff=0.5)
            hint = (
                "did you mean " + " or ".join(dict.fromkeys(self._by_name[c].id for c in close)) + "?"
                if close
                else "known traits: " + ", ".join(self.ids) + "."
            )
            raise SafecrsError(f"Unknown {self.domain} trait: {hint}")
        return found

    def constraints(self, names: Iterable[str], threshold: float = DEFAULT_THRESHOLD) -> dict[str, float]:
        """Constraints that hold every named trait, or the one that a text names, to ``threshold``."""
        return {self.trait(name).id: threshold for name in ([names] if isinstance(names, str) else names)}

    @cached_property
    def _by_name(self) -> dict[str, Trait]:
        return {
            _key(name): trait
            for trait in self.traits
            for name in (*reversed(trait.aliases), trait.name, trait.id)
        }

    def extended(self, path: Path) -> Taxonomy:
        """This taxonomy with the traits of a TOML file added; a trait of the same id is replaced."""
        added = {trait.id: trait for trait in _read(path.read_text, str(path), self.domain)}
        kept = [added.pop(trait.id, trait) for trait in self.traits]
        return Taxonomy(domain=self.domain, traits=(*kept, *added.values()))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


def read_toml(read: Callable[..., str], name: str) -> dict[str, Any]:
    """The table that ``read`` gives; ``name`` names the file in the error."""
    try:
        return tomllib.loads(read(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SafecrsError(f"{name} does not exist.") from error
    except (ValueError, RecursionError, OSError) as error:
        raise SafecrsError(f"{name} is not readable TOML: {error}.") from error


def _read(read: Callable[..., str], name: str, domain: str) -> Sequence[Trait]:
    traits = read_toml(read, name).get("trait")
    if not isinstance(traits, dict) or not traits:
        raise SafecrsError(f"{name} defines no trait: write a [trait.my_trait] table for each.")
    try:
        return [Trait(id=key, **value) for key, value in traits.items()]
    except (ValidationError, TypeError) as error:
        problem = first_problem(error) if isinstance(error, ValidationError) else error
        raise SafecrsError(f"{name} holds an invalid {domain} trait: {problem}.") from error


@cache
def load_taxonomy(domain: Domain = "film") -> Taxonomy:
    """The shipped taxonomy: twenty film traits (SafeCRS, appendix) or the game traits."""
    resource = files("safecrs.taxonomy") / f"{domain}.toml"
    return Taxonomy(domain=domain, traits=tuple(_read(resource.read_text, f"{domain}.toml", domain)))


def merge_constraints(*members: Constraints) -> dict[str, float]:
    """The union of traits, each at its strictest threshold: of people who watch together, of several sources.

    A threshold that is not a number above 0 and up to 1 is an error.
    """
    merged: dict[str, float] = {}
    for member in members:
        for trait, threshold in member.items():
            merged[trait] = min(_threshold(threshold), merged.get(trait, 1.0))
    return merged


def _threshold(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not value <= 1 or value <= 0:
        raise SafecrsError("A risk threshold is a number above 0 and up to 1.")
    return float(value)
