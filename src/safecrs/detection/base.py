"""What a conversation discloses, as the constraints that a recommendation must respect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from safecrs.conversation import Conversation
from safecrs.detection.detect import Disclosure, Reader, constraints_of, detect_traits
from safecrs.detection.finder import Finder
from safecrs.taxonomy import Taxonomy, merge_constraints


@dataclass(frozen=True, slots=True)
class Detection:
    """Constraints (trait id → threshold) and the disclosures they were read from; neither is in the repr."""

    constraints: Mapping[str, float] = field(default_factory=dict, repr=False)
    disclosures: tuple[Disclosure, ...] = field(default=(), repr=False)


class Detector(Protocol):
    """Says which constraints apply to a conversation."""

    name: str

    def detect(self, messages: Conversation, told: Mapping[str, float], taxonomy: Taxonomy) -> Detection:
        """The constraints of ``messages``; ``told`` are those that came with the request."""
        ...


class NoDetector:
    """Ignores every sensitivity: for baselines that know nothing of safety."""

    name = "none"

    def detect(self, messages: Conversation, told: Mapping[str, float], taxonomy: Taxonomy) -> Detection:  # noqa: ARG002
        """No constraint."""
        return Detection()


class Told:
    """Takes the constraints that came with the request and reads nothing."""

    name = "told"

    def detect(self, messages: Conversation, told: Mapping[str, float], taxonomy: Taxonomy) -> Detection:  # noqa: ARG002
        """The constraints that came with the request."""
        return Detection(merge_constraints(told))


@dataclass
class RuleDetector:
    """Reads the conversation; constraints that came with the request are added."""

    finder: Finder | None = None
    reader: Reader | None = None
    name: str = "rules"

    def detect(self, messages: Conversation, told: Mapping[str, float], taxonomy: Taxonomy) -> Detection:
        """The constraints read from the conversation and those that came with the request."""
        found = tuple(detect_traits(messages, taxonomy, finder=self.finder, reader=self.reader))
        return Detection(merge_constraints(constraints_of(found), told), found)
