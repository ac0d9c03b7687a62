"""What a sentence does with a topic: averts it, welcomes it, or neither.

One pass over the words. A frame before a topic reaches it within a number of words and inside its clause, and
over a list of topics; a frame after it reaches back. The nearest frame decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safecrs.detection.cues import Classes, Match
from safecrs.detection.lexicon import FrameKind
from safecrs.detection.tokens import Token

REACH = {"asked": 9, "felt": 9, "near": 3, "back": 4, "welcome_before": 6, "plot": 9}
"""Words between a frame and the topic it governs."""
REACH_BACK = 6
_REMEMBERED = 16
"""Topics of a sentence that a later frame can reach: a bound that keeps long messages linear."""
WELCOME: frozenset[FrameKind] = frozenset({"plot", "welcome_before", "welcome_after"})


@dataclass(frozen=True, slots=True)
class Span:
    """Tokens ``start`` up to ``end`` of a topic."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Governed:
    """The frame that decides about a topic, and how."""

    frame: Match[FrameKind]
    averse: bool


def pick_frames(found: Sequence[Match[FrameKind]]) -> list[Match[FrameKind]]:
    """Leftmost, longest, not overlapping."""
    frames: list[Match[FrameKind]] = []
    end = 0
    for match in sorted(found, key=lambda match: (match.start, -match.end)):
        if match.start >= end:
            frames.append(match)
            end = match.end
    return frames


def negated(tokens: Sequence[Token], start: int, within: int, classes: Classes) -> bool:
    """Whether a negator stands within ``within`` words before ``start``, in the same sentence."""
    for position in range(start - 1, max(-1, start - 1 - within), -1):
        if tokens[position + 1].boundary == 2:
            return False
        if tokens[position].word in classes["negators"]:
            return True
    return False


class _Scope:
    """The pass itself; `govern` is its door."""

    def __init__(self, tokens: Sequence[Token], topics: Sequence[Span], classes: Classes) -> None:
        self.tokens = tokens
        self.classes = classes
        self.topics = topics
        self.result: dict[int, Governed] = {}
        self.sentence: list[int] = []
        self.previous: list[int] = []
        self.active: Governed | None = None
        self.anchor = 0
        self.had_topic = self.comma = self.joined = False

    def open(self, frame: Match[FrameKind]) -> None:
        """A frame that looks ahead begins; "not afraid of" turns a frame of aversion round."""
        if frame.label == "plot" and self._continues(frame):
            self.anchor = frame.end
            return
        self.close(frame.start)
        flipped = frame.label == "felt" and negated(self.tokens, frame.start, 2, self.classes)
        self.active = Governed(frame, frame.label not in WELCOME and not flipped)
        self.anchor = frame.end
        self.had_topic = self.comma = self.joined = False

    def _continues(self, plot: Match[FrameKind]) -> bool:
        """Whether a plot only says what is averted: "no films where …"."""
        active = self.active
        return active is not None and active.averse and not self.comma and plot.start - self.anchor <= 3

    def close(self, end: int) -> None:
        """End a clause: an aversion that met no topic ahead points back ("clowns I can't stand")."""
        active, self.active = self.active, None
        if active is None or not active.averse or self.had_topic or active.frame.label == "near":
            return
        rest = [token.word for token in self.tokens[active.frame.end : end]]
        if all(word in self.classes["points_back"] for word in rest):
            self.point_back(active, self.sentence or (self.previous if rest else []))

    def point_back(self, governed: Governed, topics: Sequence[int]) -> None:
        for topic in topics:
            self.result.setdefault(topic, governed)

    def meet(self, topic: int) -> None:
        """A topic begins; the active frame takes it if it reaches so far."""
        self.sentence = [*self.sentence[1 - _REMEMBERED :], topic]
        span, active = self.topics[topic], self.active
        if active is None or span.end <= active.frame.end:
            return
        reach = 4 if self.had_topic else REACH[active.frame.label]
        if span.start - self.anchor <= reach and (not self.comma or self.had_topic or self.joined):
            self.result[topic] = active
            self.anchor = max(self.anchor, span.end)
            self.had_topic, self.comma, self.joined = True, False, False

    def look_back(self, frame: Match[FrameKind]) -> None:
        """A frame that follows its topics ("… makes me sick"); "avoid those" may also precede them."""
        averse = frame.label != "welcome_after"
        governed = Governed(frame, averse)
        if frame.label == "back":
            behind = self.sentence or self.previous
            self.point_back(governed, behind)
            if not behind:
                self.open(frame)
            return
        near = [t for t in self.sentence if 0 <= frame.start - self.topics[t].end <= REACH_BACK]
        if near:
            last = self.result.get(near[-1])
            if last is None:
                self.point_back(governed, self.sentence)
            elif averse and not last.averse and frame.start - self.topics[near[-1]].end <= 2:
                self.result[near[-1]] = governed
        elif self.previous and (averse or frame.end - frame.start > 1) and self._follows(frame):
            self.point_back(governed, self.previous)

    def _follows(self, frame: Match[FrameKind]) -> bool:
        """Whether the frame answers the sentence just before ("Jump scares? Never bothered me")."""
        return frame.start - self.topics[self.previous[-1]].end <= 1


def govern(
    tokens: Sequence[Token],
    topics: Sequence[Span],
    frames: Sequence[Match[FrameKind]],
    classes: Classes,
) -> dict[int, Governed]:
    """Position in ``topics`` (sorted by start) → what governs it; topics without a frame are left out."""
    scope = _Scope(tokens, topics, classes)
    frame_at = {frame.start: frame for frame in frames}
    inside = 0
    upcoming = 0
    for position, token in enumerate(tokens):
        if token.boundary == 2:
            scope.close(position)
            scope.previous, scope.sentence = scope.sentence, []
        elif token.boundary == 1:
            scope.comma = True
        if (frame := frame_at.get(position)) is not None:
            inside = frame.end
            if frame.label in REACH and frame.label != "back":
                scope.open(frame)
            else:
                scope.close(position)
                scope.look_back(frame)
        elif position >= inside and token.word in classes["breaks"]:
            scope.close(position)
        scope.joined = scope.joined or token.word in ("or", "nor", "and")
        while upcoming < len(topics) and topics[upcoming].start == position:
            scope.meet(upcoming)
            upcoming += 1
    scope.close(len(tokens))
    return scope.result
