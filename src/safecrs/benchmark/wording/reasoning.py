"""The safety analysis that stands before a list: which sensitivities to respect, in one sentence."""

from __future__ import annotations

from collections.abc import Iterable

from safecrs.taxonomy import Taxonomy

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
    traits = sorted({taxonomy.trait(name).id for name in constraints}, key=taxonomy.column.__getitem__)
    if not traits:
        return NOTHING_TO_RESPECT
    names = _and([_SHORT.get(trait, trait.replace("_", " ")) for trait in traits])
    avoid = _and([taxonomy.trait(trait).avoid for trait in traits])
    return f"The user is sensitive to {names}: leave out {avoid}."


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
