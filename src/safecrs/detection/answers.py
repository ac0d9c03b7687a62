"""Turns that answer the recommender ("the second one") or take back what was said ("gore is fine now")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from safecrs.detection.base import Disclosure
from safecrs.detection.evidence import Evidence, Reading, read_message, rule_probabilities
from safecrs.detection.lexicon import Lexicon, TurnKind
from safecrs.detection.tokens import Token, tokenise
from safecrs.taxonomy import Taxonomy

_SHORT = 12
"""Words of an answer that only says yes or no."""
_HEAD = 4
"""Words from the beginning within which a turn says yes or no."""
_QUESTION = 600
"""Characters at the end of the recommender's turn in which its question is looked for."""
_ORDINALS = {
    "first": 0,
    "1st": 0,
    "former": 0,
    "second": 1,
    "2nd": 1,
    "latter": -1,
    "third": 2,
    "3rd": 2,
    "last": -1,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A turn of the user's, as what came before makes it read.

    Attributes:
        everything: whether it takes back all that was disclosed before.
        latest: whether it takes back what was disclosed last.
    """

    reading: Reading
    everything: bool
    latest: bool


def read_answer(question: str, text: str, taxonomy: Taxonomy, lexicon: Lexicon) -> Answer:
    """Read a turn of the user's after ``question``, the recommender's turn before it, or after none ("")."""
    tokens = tokenise(text)
    said = {match.label for match in lexicon.turn_matcher.find(tokens)}
    everything, latest = "all" in said, "last" in said
    if not question or not tokens:
        return Answer(read_message(text, taxonomy, lexicon), everything, latest)
    question = question[-_QUESTION:]
    question = question[: question.rfind("?") + 1]
    kinds = {match.label for match in lexicon.turn_matcher.find(tokenise(question))}
    asked = "open" in kinds
    reading = read_message(text, taxonomy, lexicon, asked)
    if kinds & {"open", "averse", "welcome"} and len(tokens) <= _SHORT and not reading.evidence:
        last = max(question.rfind(mark, 0, -1) for mark in ".!?") + 1
        reading = _short(question[last:], kinds, tokens, reading, taxonomy, lexicon)
    return Answer(reading, everything, latest)


def taken_back(
    answer: Answer, disclosed: Mapping[str, Disclosure], named: Mapping[str, frozenset[str]]
) -> list[str]:
    """The traits of ``disclosed`` that a turn takes back; "snakes are fine" leaves spiders alone."""
    said = {evidence.trait for evidence in answer.reading.evidence}
    if answer.everything:
        return [trait for trait in disclosed if trait not in said]
    last = max((one.message for one in disclosed.values()), default=-1)
    return [
        trait
        for trait, one in disclosed.items()
        if trait not in said
        and (
            (answer.latest and one.message == last and not answer.reading.tolerated)
            or _same(trait, answer.reading, named)
        )
    ]


def _same(trait: str, reading: Reading, named: Mapping[str, frozenset[str]]) -> bool:
    if trait not in reading.tolerated:
        return False
    before, now = named.get(trait), reading.named.get(trait)
    return not before or not now or before <= now


def _short(
    question: str,
    kinds: set[TurnKind],
    tokens: list[Token],
    reading: Reading,
    taxonomy: Taxonomy,
    lexicon: Lexicon,
) -> Reading:
    """The reading of a "yes", a "no" or "the second one": what it says of the topics of the question."""
    matches = [match for match in lexicon.turn_matcher.find(tokens) if match.start < _HEAD]
    words = {match.label for match in matches}
    ordinal = next((_ORDINALS[token.word] for token in tokens if token.word in _ORDINALS), None)
    topics = list(read_message(question, taxonomy, lexicon).named)
    if not topics or not (words & {"yes", "no"} or ordinal is not None):
        return reading
    first = min(matches, key=lambda match: (match.start, -match.end)).label if matches else "yes"
    averse = "averse" in kinds or "welcome" not in kinds
    if ordinal is not None:
        topics, first = topics[ordinal : ordinal + 1 or None], "yes"
    if (first == "yes") == averse:
        end = tokens[-1].end
        probability = rule_probabilities()["asked"]
        evidence = tuple(Evidence(trait, "asked", tokens[0].start, end, probability) for trait in topics)
        return replace(reading, evidence=evidence, denied=reading.denied - set(topics))
    return replace(reading, denied=reading.denied | set(topics), tolerated=reading.tolerated | set(topics))
