"""The recommender: a conversation in, a slate that respects the person out, with reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from safecrs.catalog import find_mentions
from safecrs.conversation import Message, conversation
from safecrs.detection import Detection, Detector, Disclosure
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict
from safecrs.preferences import Preferences, Role, question, understand
from safecrs.recommenders.base import Ranked, Ranker, SelectingRanker
from safecrs.recommenders.filtered import FilteredRanker, Unknown
from safecrs.recommenders.words import reason_words, wish_words
from safecrs.slates.base import K, Recommendation, Request, Slate
from safecrs.taxonomy import age_of, merge_constraints

Decoding = Literal["free", "filtered", "constrained"]
"""How a ranker's slate is protected: not at all, by dropping what the constraints forbid, or by restricting a
language model to allowed titles while it decodes."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One recommended item.

    Attributes:
        note: what is not known about it, empty when it is known to be safe.
        why: why it is suggested, in the user's terms; empty where the ranker does not say.
    """

    title: str
    year: int | None
    row: int
    verdict: Verdict
    note: str = field(default="", repr=False)
    why: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """A slate and what it respects.

    Attributes:
        suggestions: best first.
        constraints: trait id → risk threshold that applied.
        disclosures: where in the conversation they were read; constraints that were told are not among them.
        ranker: the name of the ranker.
        preferences: what was understood of the request, and what was not.
        relaxed: wishes, in words, that no safe item meets together with the others.
        question: what to ask where nothing was understood.

    What the person disclosed stays out of the repr and so out of logs.
    """

    suggestions: tuple[Suggestion, ...]
    constraints: Mapping[str, float] = field(repr=False)
    disclosures: tuple[Disclosure, ...] = field(repr=False)
    ranker: str
    preferences: Preferences = field(default=Preferences(), repr=False)
    relaxed: tuple[str, ...] = field(default=(), repr=False)
    question: str | None = None

    @property
    def slate(self) -> Slate:
        """The suggestions as a slate."""
        return [Recommendation(item.title, item.year, item.row) for item in self.suggestions]


class Recommender:
    """Detects what a conversation discloses, ranks, and leaves out what the oracle forbids.

    The one thing that is served, guarded and measured. Nothing is stored or logged, and nothing leaves the
    machine unless the detector or the ranker asks an endpoint.

    Args:
        oracle: judges every item; its catalog holds what can be recommended.
        ranker: ranks the catalog; with decoding "constrained" a `LanguageModelRanker` or `ConstrainedRanker`.
        detector: says which constraints apply.
        decoding: how the slate is protected; "free" is for baselines that may violate constraints.
        unknown: whether items without a verdict may appear; they carry a note then.
    """

    def __init__(
        self,
        oracle: Oracle,
        ranker: Ranker,
        detector: Detector,
        *,
        decoding: Decoding = "filtered",
        unknown: Unknown = "exclude",
    ) -> None:
        for value, kind in ((decoding, Decoding), (unknown, Unknown)):
            if value not in get_args(kind):
                raise SafecrsError(f"{value!r} is not one of {', '.join(get_args(kind))}.")
        self.oracle, self.ranker, self.detector = oracle, ranker, detector
        self.decoding, self.unknown = decoding, unknown
        self._protected = ranker
        if decoding == "filtered":
            self._protected = FilteredRanker(ranker, oracle, unknown)
        elif decoding == "constrained":
            from safecrs.recommenders.constrained import ConstrainedRanker

            self._protected = ConstrainedRanker.of(ranker, oracle, unknown)

    def recommend(
        self,
        messages: str | Iterable[Message | dict[str, str]],
        *,
        traits: Iterable[str] = (),
        thresholds: Mapping[str, float] | None = None,
        k: int | None = None,
    ) -> Answer:
        """At most ``k`` items for a conversation, none of which its constraints forbid.

        Without ``k`` as many as the conversation asks for, or 10.

        Args:
            traits: sensitivities to respect besides those that are detected.
            thresholds: trait → risk from which an item is unsafe for this person.
        """
        taxonomy = self.oracle.taxonomy
        own = (taxonomy.constraints(name, value) for name, value in (thresholds or {}).items())
        told = merge_constraints(taxonomy.constraints(traits), *own)
        return self.answer([Request(conversation(messages), told)], k)[0]

    def answer(self, requests: Sequence[Request], k: int | None = K) -> list[Answer]:
        """One answer per request, in order; ``Request.constraints`` are the constraints it is told.

        Items that a user message names are never recommended, nor those of ``Request.seen``.
        """
        if k is not None and (not isinstance(k, int) or isinstance(k, bool) or k < 1):
            raise SafecrsError("The number of items must be a whole number of at least 1.")
        detections = [
            self.detector.detect(request.messages, request.constraints, self.oracle.taxonomy)
            for request in requests
        ]
        asked = [self._asked(*pair) for pair in zip(requests, detections, strict=True)]
        return [
            self._answer(request, detection, ranked)
            for request, detection, ranked in zip(asked, detections, self._ranked(asked, k), strict=True)
        ]

    def _asked(self, request: Request, detection: Detection) -> Request:
        """The request with what is detected and wished; of disclosures only an age is a wish too."""
        apart = [one for one in detection.disclosures if age_of(one.trait) is None]
        spans = [(one.message, one.start, one.end) for one in apart]
        preferences = understand(request.messages, self.oracle.catalog, ignore=spans)
        return Request(
            request.messages,
            detection.constraints,
            request.seen | self._named(request.messages) | {*preferences.rows(*get_args(Role))},
            _without(request.messages, apart),
            preferences,
        )

    def _ranked(self, requests: Sequence[Request], k: int | None) -> list[Ranked]:
        if isinstance(self._protected, (SelectingRanker, FilteredRanker)):
            return [self._protected.rank(one, k or one.preferences.count or K) for one in requests]
        most = k or max((one.preferences.count or K for one in requests), default=K)
        slates = self._protected.recommend(requests, most)
        counts = [k or one.preferences.count or K for one in requests]
        return [Ranked(slate[:count]) for slate, count in zip(slates, counts, strict=True)]

    def _answer(self, request: Request, detection: Detection, ranked: Ranked) -> Answer:
        catalog, preferences = self.oracle.catalog, request.preferences
        whys = [reason_words(reasons, catalog) for reasons in ranked.reasons] or [""] * len(ranked.slate)
        verdicts = self.oracle.verdicts([item.row for item in ranked.slate], request.constraints).tolist()
        return Answer(
            tuple(
                Suggestion(*item, Verdict(verdict), self._note(item.row, request.constraints, verdict), why)
                for item, verdict, why in zip(ranked.slate, verdicts, whys, strict=True)
            ),
            request.constraints,
            detection.disclosures,
            self.ranker.name,
            preferences,
            tuple(map(wish_words, ranked.relaxed)),
            question(preferences, catalog.domain),
        )

    def _named(self, messages: Sequence[Message]) -> frozenset[int]:
        """Rows that user messages mention."""
        return frozenset(
            mention.row
            for message in messages
            if message.role == "user"
            for mention in find_mentions(message.content, self.oracle.catalog)
        )

    def _note(self, row: int, constraints: Mapping[str, float], verdict: int) -> str:
        if verdict != Verdict.UNKNOWN:
            return ""
        if row < 0:
            return f"The catalog does not hold this {self.oracle.catalog.domain}."
        risks = self.oracle.explain(row, constraints)
        return next((risk.reason for risk in risks if risk.verdict is Verdict.UNKNOWN), "")


def _without(messages: tuple[Message, ...], disclosures: Sequence[Disclosure]) -> tuple[Message, ...]:
    """The conversation without the disclosing words, which say what to leave out and not what to look for."""
    if not disclosures:
        return messages
    texts: list[str] = []
    for number, message in enumerate(messages):
        pieces, position = [], 0
        for start, end in sorted((each.start, each.end) for each in disclosures if each.message == number):
            if start >= position:  # disclosures of several traits may overlap
                pieces.append(message.content[position:start])
            position = max(position, end)
        texts.append(" ".join([*pieces, message.content[position:]]))
    return tuple(
        Message(role=message.role, content=text) for message, text in zip(messages, texts, strict=True)
    )
