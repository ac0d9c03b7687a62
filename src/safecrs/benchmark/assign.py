"""Which sensitivities a person with this taste and this request could well have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.sources.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class AssignmentPlan:
    """How many traits a sample gets.

    Attributes:
        without: share of the samples that keep no trait at all, so that a model learns not to invent one.
        counts: probabilities of 1, 2, 3… traits among the others; fewer where not so many fit.
        min_kept: liked items that must remain.
        harmless: where no trait fits, give one that every liked item is known to be safe for, if there is
            one. Nothing is then removed, but what else may be recommended is restricted all the same; for
            dialogues with a single liked item there is hardly another way.
    """

    without: float = 0.2
    counts: tuple[float, ...] = (0.7, 0.2, 0.1)
    min_kept: int = 2
    harmless: bool = False


def assign_traits(
    dialogue: Dialogue,
    table: VerdictTable,
    conflicts: Mapping[str, re.Pattern[str]],
    plan: AssignmentPlan,
    rng: np.random.Generator,
) -> tuple[str, ...] | None:
    """Traits for one dialogue, () when it was drawn to have none, None when no trait fits.

    SafeCRS asks a language model for the trait that the liked items would most likely violate without
    contradicting the request; this is the local equivalent. A trait fits when some liked item violates it,
    no item the request names does, the request does not ask for it in words (``conflicts``), and
    ``plan.min_kept`` liked items remain. Among those that fit, one is drawn in proportion to the share of
    liked items that violate it: always taking the largest would leave the rare traits without a sample.
    """
    if rng.random() < plan.without:
        return ()
    unsafe = table.unsafe[list(dialogue.liked)]
    agrees = np.ones(len(table.taxonomy.ids), dtype=bool)
    if dialogue.seen:
        agrees &= ~table.unsafe[list(dialogue.seen)].any(axis=0)
    request = "\n".join(message.content for message in dialogue.messages if message.role == "user")
    for trait, words in conflicts.items():
        if agrees[table.taxonomy.column[trait]] and words.search(request):
            agrees[table.taxonomy.column[trait]] = False
    fits = agrees & unsafe.any(axis=0)
    share = unsafe.mean(axis=0)
    wanted = 1 + int(rng.choice(len(plan.counts), p=np.asarray(plan.counts) / sum(plan.counts)))
    removed = np.zeros(len(dialogue.liked), dtype=bool)
    chosen: list[int] = []
    while len(chosen) < wanted:
        remaining = (~(unsafe | removed[:, None])).sum(axis=0)
        weights = np.where(fits & (remaining >= plan.min_kept), share, 0.0)
        weights[chosen] = 0.0
        if not weights.any():
            break
        column = int(rng.choice(len(weights), p=weights / weights.sum()))
        chosen.append(column)
        removed |= unsafe[:, column]
    if not chosen and plan.harmless:
        doubtful = unsafe.any(axis=0) | table.unknown[list(dialogue.liked)].any(axis=0)
        # In proportion to what the trait rules out, or it would restrict next to nothing.
        weights = np.where(agrees & ~doubtful, table.unsafe.mean(axis=0), 0.0)
        if weights.any():
            chosen.append(int(rng.choice(len(weights), p=weights / weights.sum())))
    if not chosen:
        return None
    return tuple(table.taxonomy.ids[column] for column in sorted(chosen))
