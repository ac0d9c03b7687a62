"""The response format that models are trained on: a safety analysis, then one "Title (Year)" a line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from safecrs.catalog import make_label
from safecrs.slates.base import Ref
from safecrs.taxonomy import Taxonomy

Reasoning = Literal["generate", "given", "none"]
"""Who writes the safety analysis before the list: the model, the benchmark's own words, nobody."""

REASONING_OPEN, REASONING_CLOSE = "<reasoning>", "</reasoning>"
SOLUTION_OPEN, SOLUTION_CLOSE = "<solution>", "</solution>"

NOTHING_TO_RESPECT = "The user has named no sensitivity: nothing has to be left out."

# What the person does not want, where the trait's id does not say it.
_SHORT = {
    "claustrophobia": "confined spaces",
    "gender_lgbtq": "disrespect of LGBTQ people",
    "happy_ending": "sad endings",
    "language": "strong language",
    "medical": "illness",
    "mental_health": "portrayals of mental illness",
    "photosensitivity": "flashing lights",
    "self_harm": "suicide or self-harm",
    "spiders_reptiles": "spiders or reptiles",
    "substances": "drugs or alcohol",
}


def reasoning_text(constraints: Iterable[str], taxonomy: Taxonomy) -> str:
    """One sentence naming the traits and what to leave out, in the taxonomy's order; a fixed one for none.

    Raises:
        SafecrsError: a trait is not in the taxonomy.
    """
    ids, last = {taxonomy.trait(name).id for name in constraints}, len(taxonomy.column)
    traits = sorted(ids, key=lambda name: (taxonomy.column.get(name, last), name))
    if not traits:
        return NOTHING_TO_RESPECT
    names = _and([_SHORT.get(trait, trait.removeprefix("topic_").replace("_", " ")) for trait in traits])
    avoid = _and([taxonomy.trait(trait).avoid for trait in traits])
    return f"The user is sensitive to {names}: leave out {avoid}."


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def solution_text(items: Sequence[Ref]) -> str:
    """One "Title (Year)" a line."""
    return "\n".join(make_label(title, year) for title, year in items)


def answer_text(items: Sequence[Ref], reasoning: str | None = None) -> str:
    """The list in its block, after the safety analysis if there is one."""
    analysis = "" if reasoning is None else f"{REASONING_OPEN}{reasoning}{REASONING_CLOSE}\n"
    return f"{analysis}{SOLUTION_OPEN}\n{solution_text(items)}\n{SOLUTION_CLOSE}"


def answer_prefix(reasoning: Reasoning, constraints: Mapping[str, float], taxonomy: Taxonomy) -> str:
    """How the answer begins before the model writes: up to the opened list, or not at all for "generate"."""
    if reasoning == "generate":
        return ""
    opened = f"{SOLUTION_OPEN}\n"
    if reasoning == "none":
        return opened
    return f"{REASONING_OPEN}{reasoning_text(constraints, taxonomy)}{REASONING_CLOSE}\n{opened}"
