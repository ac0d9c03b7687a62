"""Which sensitivities a conversation discloses: found with the words that say so, or not at all."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Protocol

from safecrs.conversation import Conversation
from safecrs.detection.evidence import read_message
from safecrs.detection.finder import Finder
from safecrs.detection.lexicon import Lexicon, load_lexicon
from safecrs.detection.strength import THRESHOLDS
from safecrs.taxonomy import DEFAULT_THRESHOLD, Taxonomy, merge_constraints

REPORT_FROM = 0.5
"""Below this probability the detector abstains."""


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A sensitivity that the user, or somebody who watches along, disclosed.

    ``threshold`` is the risk from which an item is unsafe for them: the usual one, a stricter one ("not even
    a little blood") or a laxer one ("nothing too gory"); see `safecrs.detection.strength`.
    ``text`` is ``conversation[message].content[start:end]``; it stays out of the repr and so out of logs.
    """

    trait: str
    probability: float
    start: int
    end: int
    message: int
    text: str = field(repr=False)
    threshold: float = DEFAULT_THRESHOLD


class Reader(Protocol):
    """Reads whole conversations by other means than the rules; `EndpointReader` asks a language model."""

    @property
    def alone(self) -> bool:
        """Whether what it finds replaces what the rules find."""
        ...

    def read(self, conversation: Conversation, taxonomy: Taxonomy) -> list[Disclosure]:
        """Disclosures, one a trait, likely or not.

        Raises:
            SafecrsError: it cannot read; nobody may take that for "nothing disclosed".
        """
        ...


def detect_traits(
    conversation: Conversation,
    taxonomy: Taxonomy,
    lexicon: Lexicon | None = None,
    report_from: float = REPORT_FROM,
    finder: Finder | None = None,
    reader: Reader | None = None,
) -> list[Disclosure]:
    """Disclosures of the user's messages, one a trait (its likeliest evidence), in the order they were made.

    A ``finder`` (`load_finder`) adds sentences that disclose a trait by their meaning, where the rules found
    nothing in the sentence and do not deny the trait in the message; it never overrules them.

    Without a ``reader`` nothing leaves the machine. What a reader finds is added, and takes nothing back,
    unless it works ``alone``: then the rules and the finder are left out.

    A later wish for the very thing does not take back an earlier disclosure: that is for the user to say
    where it cannot be mistaken, not for a guess.

    Raises:
        SafecrsError: the ``reader`` cannot read.
    """
    read = reader.read(conversation, taxonomy) if reader is not None else []
    read = [found for found in read if found.probability >= report_from]
    if reader is not None and reader.alone:
        return read
    lexicon = lexicon or load_lexicon()
    best: dict[str, Disclosure] = {}
    limits: dict[str, float] = {}
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
            if probability < report_from:
                continue
            limit = THRESHOLDS[reading.strengths.get(trait, "usual")]
            limits[trait] = min(limit, limits.get(trait, limit))  # the strictest of several messages holds
            known = best.get(trait)
            if known and known.probability >= probability:
                if known.message != number or not start <= known.start <= known.end <= end:
                    continue
                probability = known.probability  # the same evidence in more words: "4 months sober"
            best[trait] = Disclosure(trait, probability, start, end, number, message.content[start:end])
    best = {trait: replace(found, threshold=limits[trait]) for trait, found in best.items()}
    best = {found.trait: found for found in read} | best
    return sorted(best.values(), key=lambda found: (found.message, found.start, found.trait))


def constraints_of(disclosures: Iterable[Disclosure]) -> dict[str, float]:
    """Trait → threshold, as an oracle, a request or a policy takes it; of two of one trait the stricter."""
    return merge_constraints(*({found.trait: found.threshold} for found in disclosures))


@cache
def rule_probabilities() -> Mapping[str, float]:
    """Rule → how often it was right on the development turns, smoothed (``calibration.toml``)."""
    text = (files("safecrs.detection") / "calibration.toml").read_text(encoding="utf-8")
    return {rule: float(value) for rule, value in tomllib.loads(text)["probability"].items()}
