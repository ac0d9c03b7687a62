"""Evidence in one message: which words disclose which trait, and by which rule."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from safecrs.detection.cues import Match
from safecrs.detection.lexicon import CueKind, Lexicon
from safecrs.detection.loose import loosely, too_much
from safecrs.detection.people import Cast, Who
from safecrs.detection.scope import Governed, Span, govern, negated, pick_frames
from safecrs.detection.strength import Anchor, Strength, read_strengths
from safecrs.detection.titles import title_words
from safecrs.detection.tokens import Token, tokenise
from safecrs.taxonomy import Taxonomy

_NEAR_REACTION = 12
"""Words between a film and the reaction to it."""

_PRAISE = frozenset(
    f"{is_} a {good}"
    for is_ in ("its", "is", "was", "thats")
    for good in ("good", "great", "nice", "fun", "cute")
)
"""Before "family friendly" an opinion of a film that somebody names, and no wish."""
_WISHING = frozenset(["love", "loved", "enjoy", "enjoyed", "prefer", "adore", "looking", "searching"])


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason to believe that a message discloses ``trait``: characters ``start`` up to ``end`` of it."""

    trait: str
    rule: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One message as the rules read it.

    ``denied``: traits it speaks of and does not disclose: welcomed, negated, told as a plot, or another
    person's. A finder that adds to ``evidence`` leaves them alone.
    ``strengths``: how strict the limit of a trait is that the message speaks of, where it is not the usual.
    """

    evidence: tuple[Evidence, ...] = ()
    denied: frozenset[str] = frozenset()
    strengths: Mapping[str, Strength] = field(default_factory=dict)


def find_evidence(text: str, taxonomy: Taxonomy, lexicon: Lexicon) -> list[Evidence]:
    """Every piece of evidence in one message."""
    return list(read_message(text, taxonomy, lexicon).evidence)


def read_message(text: str, taxonomy: Taxonomy, lexicon: Lexicon) -> Reading:
    """Every piece of evidence in one message, and the traits it denies."""
    tokens = tokenise(text)
    if not tokens:
        return Reading()
    titles = title_words(text, tokens)
    found: dict[CueKind, list[Match[tuple[str, CueKind]]]] = {}
    for match in lexicon.matcher(taxonomy).find(tokens):
        kind = match.label[1]
        if kind == "films" or not titles.intersection(range(match.start, match.end)):
            found.setdefault(kind, []).append(match)
    reader = _Reader(tokens, taxonomy, lexicon, titles, found)
    evidence = tuple(
        Evidence(trait, rule, tokens[start].start, tokens[end - 1].end)
        for trait, rule, start, end in reader.read()
    )
    denied = frozenset(reader.denied - {piece.trait for piece in evidence})
    words = lexicon.strength_matcher.find(tokens) if evidence else ()
    return Reading(evidence, denied, read_strengths(tokens, words, reader.anchors) if words else {})


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
        self._titles = titles
        self._found = found
        self._cast = Cast(tokens, lexicon)
        self.denied: set[str] = set()
        """Traits that were met and not disclosed; complete after `read`."""
        self.anchors: list[Anchor] = []
        """Where the message speaks of a trait; complete after `read`."""
        # "hate speech" is a topic, not a hate of speech.
        topics = found.get("topics", ())
        apart = titles | {topic.start for topic in topics if tokens[topic.start].word in ("hate", "fear")}
        self._frames = pick_frames(
            [frame for frame in lexicon.frame_matcher.find(tokens) if frame.start not in apart]
        )
        self._frame_ends = [frame.end for frame in self._frames]

    def read(self) -> Iterator[_Finding]:
        """Every finding; what is welcomed outweighs what only an event of life suggests."""
        topics = _longest(self._found.get("topics", ()))
        governed = govern(
            self._tokens,
            [Span(topic.start, topic.end) for topic in topics],
            self._frames,
            self._lexicon.classes,
        )
        self.anchors = [
            Anchor(
                topic.start,
                topic.end,
                topic.label[0],
                governed[position].frame.start if position in governed else -1,
            )
            for position, topic in enumerate(topics)
        ] + [
            Anchor(match.start, match.end, match.label[0], -1)
            for kind in ("strong", "wants", "life")
            for match in self._found.get(kind, ())
        ]
        averse = [
            *self._averse(topics, governed),
            *too_much(self._tokens, topics, governed, self._lexicon.classes, self._cast),
            *loosely(self._tokens, topics, governed, self._frames, self._lexicon.classes),
        ]
        welcome = {topics[i].label[0] for i, by in governed.items() if not by.averse}
        welcome -= {finding[0] for finding in averse}
        self.denied |= welcome
        yield from averse
        yield from self._outright()
        events = _longest([*self._life(), *self._reactions()])
        yield from self._companions([event for event in events if event.label[1] == "life"])
        for event in events:
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
            elif frame.label == "near" and self._tells_of_a_film(frame.start):
                who = Who.OTHER
            if who is Who.OTHER:
                self.denied.add(topic.label[0])
            else:
                rule = "family" if who is Who.COMPANY else frame.label
                yield topic.label[0], rule, min(topic.start, frame.start), max(topic.end, frame.end)

    def _negated(self, start: int, within: int) -> bool:
        return negated(self._tokens, start, within, self._lexicon.classes)

    def _tells_of_a_film(self, start: int) -> bool:
        """ "It was not that scary" is an opinion, "something not that scary" a wish."""
        before = self._tokens[max(0, start - 4) : start]
        if self._tokens[start].boundary == 2 and self._tokens[start].word in ("isnt", "arent"):
            return True
        told = any(token.word in ("it", "its", "was", "were", "wasnt") for token in before) or any(
            token.word in ("watched", "saw", "seen") for token in self._tokens[max(0, start - 8) : start]
        )
        return told and not any(token.word in ("if", "long", "unless", "hope", "sure") for token in before)

    def _outright(self) -> Iterator[_Finding]:
        for match in self._found.get("strong", ()):
            who = self._cast.subject(match.start)
            if who is Who.OTHER or self._negated(match.start, 3) or self._in_fiction(match):
                self.denied.add(match.label[0])
            else:
                yield match.label[0], "family" if who is Who.COMPANY else "strong", match.start, match.end
        for match in self._found.get("wants", ()):
            if self._negated(match.start, 5):
                self.denied.add(match.label[0])
            else:
                yield match.label[0], "wants", match.start, match.end

    def _life(self) -> Iterator[Match[tuple[str, str]]]:
        for match in self._found.get("life", ()):
            named = self._cast.own(match.start, match.end)
            told = not named and (self._in_fiction(match) or not self._cast.touched(match.start))
            told = told or self._cast.distant(match.start, match.end)
            if told or self._negated(match.start, 1) or self._wished(match):
                self.denied.add(match.label[0])
                continue
            yield Match(match.start, match.end, (match.label[0], "life"))

    def _companions(self, events: Sequence[Match[tuple[str, str]]]) -> Iterator[_Finding]:
        """Who watches along; a child of whom an event of life tells need not ("we lost our little boy")."""
        told = {position for event in events for position in range(event.start, event.end)}
        for match in self._cast.companions:
            if not told.isdisjoint(range(match.start, match.end)):
                continue
            praise = " ".join(token.word for token in self._tokens[max(0, match.start - 3) : match.start])
            if praise in _PRAISE:
                continue
            traits = [t for t in self._lexicon.companions[match.label][0] if t in self._taxonomy.column]
            if self._cast.absent or self._negated(match.start, 6):
                self.denied.update(traits)
            elif not self._titles.intersection(range(match.start, match.end)):
                for trait in traits:
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

    def _wished(self, match: Match[tuple[str, CueKind]]) -> bool:
        """Whether the words are a wish or a plot after all: "I'm looking for gay films"."""
        position = bisect_right(self._frame_ends, match.start)
        while position < len(self._frames) and self._frames[position].start < match.end:
            frame = self._frames[position]
            word = self._tokens[frame.start].word
            if frame.start >= match.start and (
                frame.label == "plot" or (frame.label == "welcome_before" and word in _WISHING)
            ):
                return True
            position += 1
        return False

    def _in_fiction(self, match: Match[tuple[str, CueKind]]) -> bool:
        """Whether a wish or a plot ("a film about …") stands just before, and nobody real between."""
        position = bisect_right(self._frame_ends, match.start) - 1
        last = self._frames[position] if position >= 0 else None
        if last is None or last.label not in ("plot", "welcome_before") or match.start - last.end > 6:
            return False
        between = self._tokens[last.end : match.start + 1]
        return not self._cast.own(last.end, match.start + 1) and all(t.boundary < 2 for t in between)


_Label = TypeVar("_Label")


def _longest(matches: Sequence[Match[_Label]]) -> list[Match[_Label]]:
    """Without those inside a longer one: "animal cruelty" speaks of animals, not of cruelty as such."""
    kept: list[Match[_Label]] = []
    widest: Match[_Label] | None = None
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if widest and match.end <= widest.end and (match.start, match.end) != (widest.start, widest.end):
            continue
        kept.append(match)
        if widest is None or match.end >= widest.end:
            widest = match
    return kept
