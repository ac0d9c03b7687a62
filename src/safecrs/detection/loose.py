"""Aversions that no frame reaches: "… was too scary for me", a topic in a sentence that averts something."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence

from safecrs.detection.cues import Classes, Match
from safecrs.detection.lexicon import CueKind, FrameKind
from safecrs.detection.people import Cast, Who
from safecrs.detection.scope import WELCOME, Governed
from safecrs.detection.tokens import Token

_SENTENCE = 30
"""Words to either side of a topic that are read for an aversion: a bound that keeps long messages linear."""
_FILMS = frozenset(["film", "films", "movie", "movies", "flick", "flicks", "game", "games", "please"])
"""After a topic they make a wish of it: "… what zombie movie could we watch?" """

Topics = Sequence[Match[tuple[str, CueKind]]]
Finding = tuple[str, str, int, int]
"""Trait, rule, and the tokens that are its evidence."""


def too_much(
    tokens: Sequence[Token], topics: Topics, governed: Mapping[int, Governed], classes: Classes, cast: Cast
) -> Iterator[Finding]:
    """ "… was too scary for me": an opinion that says whose limit it passed."""
    words = [token.word for token in tokens]
    for position, topic in enumerate(topics):
        averse = position in governed and governed[position].averse
        too, person = topic.start - 1, topic.end + 1
        if averse or too < 0 or words[too] != "too" or words[topic.end : person] != ["for"]:
            continue
        if words[person : person + 1] and words[person] in classes["my"]:
            person += 1
        who = cast.people[person] if person < len(words) else None
        if who in (Who.USER, Who.COMPANY):
            yield topic.label[0], "family" if who is Who.COMPANY else "near", too, person + 1


def loosely(
    tokens: Sequence[Token],
    topics: Topics,
    governed: Mapping[int, Governed],
    frames: Sequence[Match[FrameKind]],
    classes: Classes,
) -> Iterator[Finding]:
    """A topic that no frame reaches, in a sentence that averts something and welcomes nothing."""
    sentences = [position for position, token in enumerate(tokens) if token.boundary == 2] + [len(tokens)]
    welcomes = [frame.start for frame in frames if frame.label in WELCOME]
    averse, own, strangers = (
        [position for position, token in enumerate(tokens) if token.word in classes[name]]
        for name in ("averse", "own", "strangers")
    )
    for position, topic in enumerate(topics):
        following = tokens[topic.end].word if topic.end < len(tokens) else ""
        if position in governed or following in _FILMS:
            continue
        start = max(sentences[bisect_right(sentences, topic.start) - 1], topic.start - _SENTENCE)
        end = min(sentences[bisect_left(sentences, topic.end)], topic.end + _SENTENCE)

        def found(positions: Sequence[int], start: int = start, end: int = end) -> bool:
            return bisect_left(positions, start) < bisect_left(positions, end)

        if found(averse) and found(own) and not found(strangers) and not found(welcomes):
            yield topic.label[0], "loose", topic.start, topic.end
