"""Which sensitivities a conversation discloses: found locally, with the words that say so, or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from safecrs.conversation import Conversation
from safecrs.taxonomy import Taxonomy
from safecrs.traits.evidence import read_message
from safecrs.traits.finder import Finder
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
    finder: Finder | None = None,
) -> list[Disclosure]:
    """Disclosures of the user's messages, one a trait (its likeliest evidence), in the order they were made.

    A ``finder`` (`load_finder`) adds sentences that disclose a trait by their meaning, where the rules found
    nothing in the sentence and do not deny the trait in the message; it never overrules them.

    A later wish for the very thing does not take back an earlier disclosure: that is for the user to say
    where it cannot be mistaken, not for a guess.
    """
    lexicon = lexicon or load_lexicon()
    best: dict[str, Disclosure] = {}
    for number, message in enumerate(conversation):
        if message.role != "user":
            continue
        reading = read_message(message.content, taxonomy, lexicon)
        found = [
            (piece.trait, rule_probabilities().get(piece.rule, REPORT_FROM), piece.start, piece.end)
            for piece in reading.evidence
        ]
        if finder is not None:
            found += [
                (meant.trait, meant.probability, meant.start, meant.end)
                for meant in finder.find(message.content, lexicon)
                if meant.trait in taxonomy.column
                and meant.trait not in reading.denied
                and not any(piece.start < meant.end and meant.start < piece.end for piece in reading.evidence)
            ]
        for trait, probability, start, end in found:
            known = best.get(trait)
            if probability < report_from or (known and known.probability >= probability):
                continue
            best[trait] = Disclosure(trait, probability, start, end, number, message.content[start:end])
    return sorted(best.values(), key=lambda found: (found.message, found.start, found.trait))


@cache
def rule_probabilities() -> Mapping[str, float]:
    """Rule → how often it was right on the development turns, smoothed (``calibration.toml``)."""
    text = (files("safecrs.traits") / "calibration.toml").read_text(encoding="utf-8")
    return {rule: float(value) for rule, value in tomllib.loads(text)["probability"].items()}
