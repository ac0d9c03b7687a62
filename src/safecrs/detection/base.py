"""What every detector shares: a conversation in, the sensitivities that it discloses out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from safecrs.conversation import Conversation
from safecrs.taxonomy import DEFAULT_THRESHOLD, Taxonomy, merge_constraints

REPORT_FROM = 0.5
"""Detectors abstain below this probability."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A sensitivity of the user, or of somebody who watches along, and the words that disclose it.

    ``threshold`` is the risk from which an item is unsafe for them: the default, a stricter one ("not even a
    little blood") or a laxer one ("nothing too gory"). ``text`` is
    ``conversation[message].content[start:end]``. Trait, threshold and text stay out of the repr.
    """

    trait: str = field(repr=False)
    probability: float
    start: int
    end: int
    message: int
    text: str = field(repr=False)
    threshold: float = field(default=DEFAULT_THRESHOLD, repr=False)


@dataclass(frozen=True, slots=True)
class Detection:
    """What a detector found, none of it in the repr.

    Attributes:
        constraints: trait id → threshold to respect.
        disclosures: at most one a trait, in the order they were made; none for what was told.
    """

    constraints: Mapping[str, float] = field(default_factory=dict, repr=False)
    disclosures: tuple[Disclosure, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, disclosures: Iterable[Disclosure]) -> Detection:
        """The disclosures, sorted by place, and the constraints that follow from them."""
        ordered = sorted(disclosures, key=lambda found: (found.message, found.start, found.trait))
        return cls(constraints_of(ordered), tuple(ordered))


class Detector(Protocol):
    """Finds the sensitivities that a request discloses."""

    def detect(self, messages: Conversation, told: Mapping[str, float], taxonomy: Taxonomy) -> Detection:
        """The sensitivities of one request.

        Args:
            told: trait (id, name or alias) → threshold given along with the messages.

        Raises:
            SafecrsError: the detector cannot answer, which never means that nothing is disclosed.
        """
        ...


class Told:
    """Returns the constraints that were given along with the messages, and reads nothing."""

    def detect(
        self,
        messages: Conversation,  # noqa: ARG002
        told: Mapping[str, float],
        taxonomy: Taxonomy,
    ) -> Detection:
        """The constraints of ``told`` by trait id; of two names of one trait the stricter threshold."""
        return Detection(merge_constraints(*(taxonomy.constraints(name, told[name]) for name in told)))


@dataclass(frozen=True)
class Combined:
    """What any of several detectors finds: of two thresholds the stricter, of two disclosures the first's."""

    detectors: tuple[Detector, ...]

    def detect(self, messages: Conversation, told: Mapping[str, float], taxonomy: Taxonomy) -> Detection:
        """The union of what the detectors find."""
        found = [detector.detect(messages, told, taxonomy) for detector in self.detectors]
        constraints = merge_constraints(*(each.constraints for each in found))
        first = {one.trait: one for each in reversed(found) for one in each.disclosures}
        disclosures = (replace(one, threshold=constraints[one.trait]) for one in first.values())
        return Detection(constraints, Detection.of(disclosures).disclosures)


def constraints_of(disclosures: Iterable[Disclosure]) -> dict[str, float]:
    """Trait id → threshold; of two disclosures of one trait the stricter threshold."""
    return merge_constraints(*({found.trait: found.threshold} for found in disclosures))
