"""Aversions that no frame reaches: "… was too scary for me", a topic in a sentence that averts something."""

from __future__ import annotations

from bisect import bisect_left
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
        who = cast.person(person) if person < len(words) else None
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
    welcomes = [frame.start for frame in frames if frame.label in WELCOME]
    for position, topic in enumerate(topics):
        following = tokens[topic.end].word if topic.end < len(tokens) else ""
        if position in governed or following in _FILMS:
            continue
        start = topic.start
        while start > 0 and tokens[start].boundary < 2 and topic.start - start < _SENTENCE:
            start -= 1
        end = topic.end
        while end < len(tokens) and tokens[end].boundary < 2 and end - topic.end < _SENTENCE:
            end += 1
        words = {token.word for token in tokens[start:end]}
        averts = not words.isdisjoint(classes["averse"])
        own = not words.isdisjoint(classes["self"] | classes["my"]) and words.isdisjoint(classes["strangers"])
        if averts and own and bisect_left(welcomes, start) == bisect_left(welcomes, end):
            yield topic.label[0], "loose", topic.start, topic.end
