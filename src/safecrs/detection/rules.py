"""Detection by rules: cues, their scope and the people they speak of; local, and able to abstain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from safecrs.conversation import Conversation
from safecrs.detection.answers import read_answer, taken_back
from safecrs.detection.base import REPORT_FROM, Detection, Disclosure
from safecrs.detection.embedding import EmbeddingDetector
from safecrs.detection.lexicon import Lexicon, load_lexicon
from safecrs.detection.strength import THRESHOLDS
from safecrs.taxonomy import Taxonomy


@dataclass(frozen=True)
class RuleDetector:
    """Detects with the lexicon's rules; nothing leaves the machine.

    A later turn of the user that says a thing is fine takes its disclosure back; a mere wish for it does not.

    Attributes:
        embedding: adds sentences that disclose a trait by their meaning, where no rule fires in the sentence
            and the message does not deny the trait; it never overrules the rules.
        report_from: the detector abstains below this probability.
    """

    embedding: EmbeddingDetector | None = None
    lexicon: Lexicon = field(default_factory=load_lexicon, repr=False)
    report_from: float = REPORT_FROM

    def detect(
        self,
        messages: Conversation,
        told: Mapping[str, float],  # noqa: ARG002
        taxonomy: Taxonomy,
    ) -> Detection:
        """The likeliest evidence of each trait in the user's messages; ``told`` is not read."""
        best: dict[str, Disclosure] = {}
        thresholds: dict[str, float] = {}
        named: dict[str, frozenset[str]] = {}
        question = ""
        for number, message in enumerate(messages):
            if message.role == "assistant":
                question = message.content
            if message.role != "user":
                continue
            answer = read_answer(question, message.content, taxonomy, self.lexicon)
            reading = answer.reading
            for trait in taken_back(answer, best, named):
                best.pop(trait, None)
                thresholds.pop(trait, None)
            question = ""
            found = list(reading.evidence)
            if self.embedding is not None:
                found += [
                    meant
                    for meant in self.embedding.find(message.content, self.lexicon)
                    if meant.trait in taxonomy.column
                    and meant.trait not in reading.denied
                    and not any(
                        rule.start < meant.end and meant.start < rule.end for rule in reading.evidence
                    )
                ]
            for trait, _, start, end, probability in found:
                if probability < self.report_from:
                    continue
                named[trait] = named.get(trait, frozenset()) | reading.named.get(trait, frozenset())
                threshold = THRESHOLDS[reading.strengths.get(trait, "usual")]
                thresholds[trait] = min(threshold, thresholds.get(trait, threshold))
                known = best.get(trait)
                if known and known.probability >= probability:
                    if known.message != number or not start <= known.start <= known.end <= end:
                        continue
                    probability = known.probability  # the same evidence in more words: "4 months sober"
                best[trait] = Disclosure(trait, probability, start, end, number, message.content[start:end])
        return Detection.of(replace(one, threshold=thresholds[one.trait]) for one in best.values())


def detect_traits(messages: Conversation, taxonomy: Taxonomy) -> list[Disclosure]:
    """The disclosures that the shipped rules find, in the order they were made."""
    return list(RuleDetector().detect(messages, {}, taxonomy).disclosures)
