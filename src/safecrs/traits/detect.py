"""Which sensitivities a conversation discloses: found locally, with the words that say so, or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from safecrs.conversation import Conversation
from safecrs.taxonomy import Taxonomy
from safecrs.traits.evidence import find_evidence
from safecrs.traits.lexicon import Lexicon, load_lexicon

REPORT_FROM = 0.5
"""Below this probability the detector abstains."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A sensitivity that the user, or somebody who watches along, disclosed.

    ``text`` is ``conversation[message].content[start:end]``; it stays out of the repr and so out of logs.
    """

    trait: str
    probability: float
    start: int
    end: int
    message: int
    text: str = field(repr=False)


def detect_traits(
    conversation: Conversation,
    taxonomy: Taxonomy,
    lexicon: Lexicon | None = None,
    report_from: float = REPORT_FROM,
) -> list[Disclosure]:
    """Disclosures of the user's messages, one a trait (its likeliest evidence), in the order they were made.

    A later wish for the very thing does not take back an earlier disclosure: that is for the user to say
    where it cannot be mistaken, not for a guess.
    """
    lexicon = lexicon or load_lexicon()
    best: dict[str, Disclosure] = {}
    for number, message in enumerate(conversation):
        if message.role != "user":
            continue
        for evidence in find_evidence(message.content, taxonomy, lexicon):
            probability = rule_probabilities().get(evidence.rule, REPORT_FROM)
            known = best.get(evidence.trait)
            if probability < report_from or (known and known.probability >= probability):
                continue
            text = message.content[evidence.start : evidence.end]
            best[evidence.trait] = Disclosure(
                evidence.trait, probability, evidence.start, evidence.end, number, text
            )
    return sorted(best.values(), key=lambda found: (found.message, found.start, found.trait))


@cache
def rule_probabilities() -> Mapping[str, float]:
    """Rule → how often it was right on the development turns, smoothed (``calibration.toml``)."""
    text = (files("safecrs.traits") / "calibration.toml").read_text(encoding="utf-8")
    return {rule: float(value) for rule, value in tomllib.loads(text)["probability"].items()}
