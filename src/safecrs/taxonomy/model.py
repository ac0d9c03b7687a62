"""Traits: what a user may be sensitive to, and which advisory subjects are relevant to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property
from importlib.resources import files
from numbers import Real
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, model_validator

from safecrs.errors import SafecrsError, first_problem
from safecrs.storage import read_toml
from safecrs.taxonomy.concerns import concern
from safecrs.taxonomy.trait import DEFAULT_THRESHOLD, Constraints, Domain, Trait


class Taxonomy(BaseModel, frozen=True, extra="forbid"):
    """The traits of one domain, in a fixed order: the columns of every risk matrix.

    Attributes:
        ages: whether a child who watches along is an age; in a benchmark, which assigns traits only, a child
            stands for traits as well.
    """

    domain: Domain
    traits: tuple[Trait, ...] = Field(min_length=1)
    ages: bool = True

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
        """The trait with this id, name or alias, else the concern of that name (`concern`), if there is one.

        Case and punctuation do not matter.
        """
        return self._by_name.get(_key(name)) or concern(name, self.domain)

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

    @property
    def assigned(self) -> Taxonomy:
        """The traits that benchmarks assign to people."""
        traits = tuple(trait for trait in self.traits if trait.assigned)
        return Taxonomy(domain=self.domain, traits=traits, ages=False)

    def extended(self, path: Path) -> Taxonomy:
        """This taxonomy with the traits of a TOML file added; a trait of the same id is replaced."""
        added = {trait.id: trait for trait in _read(path.read_text, str(path), self.domain)}
        kept = [added.pop(trait.id, trait) for trait in self.traits]
        return Taxonomy(domain=self.domain, traits=(*kept, *added.values()))


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()


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
    """The shipped taxonomy: film traits, SafeCRS's twenty (its appendix) among them, or game traits."""
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
