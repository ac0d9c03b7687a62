"""The rules that every assigned trait follows, and the interface of assigners."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import rng_for
from safecrs.benchmark.sources.dialogue import Dialogue
from safecrs.catalog import Catalog


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """How many traits a sample gets.

    Attributes:
        without: share of samples without any trait, so that a model learns not to invent one.
        counts: probabilities of 1, 2, 3… traits for the others; they get fewer where fewer fit.
        min_kept: least number of liked items that remain.
        harmless: where no trait fits, give one that every liked item is known to be safe for, if there is
            one. Nothing is removed then, but the trait restricts what else may be recommended; dialogues with
            a single liked item hardly allow another.
    """

    without: float = 0.2
    counts: tuple[float, ...] = (0.7, 0.2, 0.1)
    min_kept: int = 2
    harmless: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    """The traits of one dialogue, in the taxonomy's order, and how they were chosen (counted in the card)."""

    traits: tuple[str, ...]
    how: str


class Assigner(Protocol):
    """A way to assign traits."""

    @property
    def name(self) -> str:
        """The assigner, as the subject of a sentence in the data card."""

    def assign(self, dialogues: Iterable[Dialogue], rules: Rules) -> Iterator[Assigned]:
        """The traits of each dialogue, in order."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Decide which traits fit a dialogue, from the oracle's verdicts and the words of the request.

    A trait fits a dialogue when some liked item violates it, no item the request names does, the request
    does not ask for it in words (``conflicts``), and enough liked items remain: ``plan.min_kept``, and what a
    sample of its split needs.
    """

    catalog: Catalog
    table: VerdictTable
    conflicts: Mapping[str, re.Pattern[str]]
    plan: AssignmentPlan
    seed: int = 0

    def case(self, dialogue: Dialogue) -> Case:
        """The dialogue under these rules."""
        rng = rng_for(self.seed, "assign", dialogue.id)
        plan = self.plan
        size = 0
        if rng.random() >= plan.without:
            size = 1 + int(rng.choice(len(plan.counts), p=np.asarray(plan.counts) / sum(plan.counts)))
        return Case(
            dialogue,
            self,
            rng,
            size,
            self.table.unsafe[list(dialogue.liked)],
            self._agrees(dialogue),
            max(plan.min_kept, least_kept(dialogue.split)),
        )

    def _agrees(self, dialogue: Dialogue) -> NDArray[np.bool_]:
        """bool [traits]: the request neither names an item that violates the trait nor asks for it."""
        column = self.table.taxonomy.column
        agrees = np.ones(len(column), dtype=bool)
        if dialogue.seen:
            agrees &= ~self.table.unsafe[list(dialogue.seen)].any(axis=0)
        request = "\n".join(message.content for message in dialogue.messages if message.role == "user")
        for trait, words in self.conflicts.items():
            if agrees[column[trait]] and words.search(request):
                agrees[column[trait]] = False
        return agrees


@dataclass(slots=True)
class Case:
    """One dialogue under the rules.

    Attributes:
        rng: seeded by the dialogue's id, for the assigner.
        size: number of traits to assign.
        unsafe: bool [liked, traits]; agrees: bool [traits]; least: liked items that must remain.
    """

    dialogue: Dialogue
    rules: Rules
    rng: np.random.Generator
    size: int
    unsafe: NDArray[np.bool_]
    agrees: NDArray[np.bool_]
    least: int

    def fitting(self, chosen: Sequence[int] = ()) -> NDArray[np.bool_]:
        """bool [traits]: those that fit beside the columns ``chosen`` so far."""
        removed = np.any(self.unsafe[:, list(chosen)], axis=1, keepdims=True)
        remaining = np.count_nonzero(~(self.unsafe | removed), axis=0)
        fits: NDArray[np.bool_] = self.agrees & np.any(self.unsafe, axis=0) & (remaining >= self.least)
        fits[list(chosen)] = False
        return fits

    def assigned(self, columns: Iterable[int], how: str) -> Assigned:
        """The traits of these columns."""
        ids = self.rules.table.taxonomy.ids
        return Assigned(tuple(ids[column] for column in sorted(columns)), how)


def least_kept(split: Split) -> int:
    """Ground-truth items that a sample must keep: two in training (SafeCRS), one elsewhere."""
    return 2 if split == "train" else 1
