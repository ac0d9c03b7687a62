"""Which sensitivities a conversation discloses: found locally, with the words that say so, or not at all."""

from __future__ import annotations

import tomllib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeVar

from safecrs.conversation import Conversation
from safecrs.taxonomy import Taxonomy
from safecrs.traits.cues import Match
from safecrs.traits.lexicon import CueKind, Lexicon, load_lexicon
from safecrs.traits.people import Cast, Who
from safecrs.traits.scope import Governed, Span, govern, negated, pick_frames
from safecrs.traits.titles import title_words
from safecrs.traits.tokens import Token, tokenise

REPORT_FROM = 0.5
"""Below this probability the detector abstains."""
_NEAR_REACTION = 12
"""Words between a film and the reaction to it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to believe that a message discloses ``trait``: characters ``start`` up to ``end`` of it."""

    trait: str
    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A sensitivity that the user, or somebody who watches along, disclosed.

    ``text`` is ``conversation[message].content[start:end]``.
    """

    trait: str
    probability: float
    start: int
    end: int
    message: int
    text: str


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


def find_evidence(text: str, taxonomy: Taxonomy, lexicon: Lexicon) -> list[Evidence]:
    """Every piece of evidence in one message. Another finder (embeddings, a model) would add to this list."""
    tokens = tokenise(text)
    if not tokens:
        return []
    titles = title_words(text, tokens)
    found: dict[CueKind, list[Match[tuple[str, CueKind]]]] = {}
    for match in lexicon.matcher(taxonomy).find(tokens):
        kind = match.label[1]
        if kind == "films" or not titles.intersection(range(match.start, match.end)):
            found.setdefault(kind, []).append(match)
    reader = _Reader(tokens, taxonomy, lexicon, titles, found)
    return [
        Evidence(trait, rule, tokens[start].start, tokens[end - 1].end)
        for trait, rule, start, end in reader.read()
    ]


_Finding = tuple[str, str, int, int]
"""Trait, rule, and the tokens that are its evidence."""


class _Reader:
    """One message with everything that was found in it."""

    def __init__(
        self,
        tokens: list[Token],
        taxonomy: Taxonomy,
        lexicon: Lexicon,
        titles: frozenset[int],
        found: Mapping[CueKind, list[Match[tuple[str, CueKind]]]],
    ) -> None:
        self._tokens = tokens
        self._taxonomy = taxonomy
        self._lexicon = lexicon
        self._found = found
        self._cast = Cast(tokens, lexicon)
        self._frames = pick_frames(
            [frame for frame in lexicon.frame_matcher.find(tokens) if frame.start not in titles]
        )
        self._frame_ends = [frame.end for frame in self._frames]

    def read(self) -> Iterator[_Finding]:
        """Every finding; what is welcomed outweighs what only an event of life suggests."""
        topics = _longest(self._found.get("topics", ()))
        governed = govern(self._tokens, [Span(topic.start, topic.end) for topic in topics], self._frames)
        averse = list(self._averse(topics, governed))
        welcome = {topics[i].label[0] for i, by in governed.items() if not by.averse}
        welcome -= {finding[0] for finding in averse}
        yield from averse
        yield from self._outright()
        yield from self._companions()
        for event in _longest([*self._life(), *self._reactions()]):
            if event.label[0] not in welcome:
                yield (*event.label, event.start, event.end)

    def _averse(
        self, topics: list[Match[tuple[str, CueKind]]], governed: Mapping[int, Governed]
    ) -> Iterator[_Finding]:
        for position, by in sorted(governed.items()):
            if not by.averse:
                continue
            topic, frame = topics[position], by.frame
            who = Who.USER
            if frame.label == "felt":
                who = self._cast.subject(frame.start)
            elif frame.label == "after":
                who = self._cast.affected(frame.start, frame.end)
            if who is not Who.OTHER:
                rule = "family" if who is Who.COMPANY else frame.label
                yield topic.label[0], rule, min(topic.start, frame.start), max(topic.end, frame.end)

    def _outright(self) -> Iterator[_Finding]:
        for match in self._found.get("strong", ()):
            if negated(self._tokens, match.start, 3) or self._in_fiction(match):
                continue
            who = self._cast.subject(match.start)
            if who is not Who.OTHER:
                yield match.label[0], "family" if who is Who.COMPANY else "strong", match.start, match.end
        for match in self._found.get("wants", ()):
            if not negated(self._tokens, match.start, 5):
                yield match.label[0], "wants", match.start, match.end

    def _life(self) -> Iterator[Match[tuple[str, str]]]:
        for match in self._found.get("life", ()):
            if negated(self._tokens, match.start, 1):
                continue
            if not self._cast.own(match.start, match.end) and (
                self._in_fiction(match) or self._cast.subject(match.start) is Who.OTHER
            ):
                continue
            yield Match(match.start, match.end, (match.label[0], "life"))

    def _companions(self) -> Iterator[_Finding]:
        if self._cast.absent:
            return
        for match in self._cast.companions:
            if not negated(self._tokens, match.start, 4):
                for trait in self._lexicon.companions[match.label][0]:
                    if trait in self._taxonomy.column:
                        yield trait, "companion", match.start, match.end

    def _reactions(self) -> Iterator[Match[tuple[str, str]]]:
        reactions = self._cast.reactions
        starts = [reaction.start for reaction in reactions]
        for film in self._found.get("films", ()):
            first = self._tokens[film.start]
            if film.end - film.start == 1 and not (first.capital and first.boundary < 2):
                continue
            after = bisect_left(starts, film.start)
            for reaction in reactions[max(0, after - 1) : after + 1]:
                start, end = min(film.start, reaction.start), max(film.end, reaction.end)
                gap = max(film.start - reaction.end, reaction.start - film.end)
                if gap <= _NEAR_REACTION and self._cast.subject(reaction.start) is not Who.OTHER:
                    yield Match(start, end, (film.label[0], "reaction"))

    def _in_fiction(self, match: Match[tuple[str, CueKind]]) -> bool:
        """Whether a wish or a plot ("a film about …") stands just before, with nobody of the real world between."""
        position = bisect_right(self._frame_ends, match.start) - 1
        last = self._frames[position] if position >= 0 else None
        if last is None or last.label not in ("plot", "welcome_before") or match.start - last.end > 6:
            return False
        between = self._tokens[last.end : match.start + 1]
        return not self._cast.own(last.end, match.start + 1) and all(t.boundary < 2 for t in between)


_Label = TypeVar("_Label")


def _longest(matches: Sequence[Match[_Label]]) -> list[Match[_Label]]:
    """Without those that lie inside a longer one: "animal cruelty" speaks of animals, not of cruelty as such."""
    kept: list[Match[_Label]] = []
    widest: Match[_Label] | None = None
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if widest and match.end <= widest.end and (match.start, match.end) != (widest.start, widest.end):
            continue
        kept.append(match)
        if widest is None or match.end >= widest.end:
            widest = match
    return kept
