"""Assignment by the oracle alone: offline, in seconds, the same in every run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from safecrs.benchmark.assignment.rules import Assigned, Case, Rules
from safecrs.benchmark.sources.dialogue import Dialogue

WITHOUT = "drawn to have none"
VIOLATED = "violated by something liked"
HARMLESS = "respected by everything liked"
NONE_FITS = "none fits"


@dataclass(frozen=True, slots=True)
class LocalAssigner:
    """Draws among the traits that fit, in proportion to the share of liked items that violate each.

    SafeCRS asks a language model for the trait that the liked items would most likely violate without
    contradicting the request; this is the local equivalent. Always taking the largest share would leave the
    rare traits without a sample.
    """

    name: str = "the oracle"

    def assign(self, dialogues: Iterable[Dialogue], rules: Rules) -> Iterator[Assigned]:
        """The traits of each dialogue, in order."""
        return (draw_traits(rules.case(dialogue)) for dialogue in dialogues)


def draw_traits(case: Case) -> Assigned:
    """What `LocalAssigner` assigns to one dialogue."""
    if not case.size:
        return case.assigned((), WITHOUT)
    share = case.unsafe.mean(axis=0)
    chosen: list[int] = []
    while len(chosen) < case.size:
        weights = np.where(case.fitting(chosen), share, 0.0)
        if not weights.any():
            break
        chosen.append(int(case.rng.choice(len(weights), p=weights / weights.sum())))
    if chosen:
        return case.assigned(chosen, VIOLATED)
    if case.rules.plan.harmless:
        table = case.rules.table
        doubtful = case.unsafe.any(axis=0) | table.unknown[list(case.dialogue.liked)].any(axis=0)
        # In proportion to what the trait rules out, or it would restrict next to nothing.
        weights = np.where(case.agrees & ~doubtful, table.unsafe_share, 0.0)
        if weights.any():
            column = int(case.rng.choice(len(weights), p=weights / weights.sum()))
            return case.assigned((column,), HARMLESS)
    return case.assigned((), NONE_FITS)
