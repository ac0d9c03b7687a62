"""The words of an MPAA rating reason, read as severities and topics.

"Rated R for strong bloody violence and some drug use" says violence 3, substances 2, blood/gore, drug use.

The severity of a category is the level of a plain mention under that rating (a "violence" is Mild in a PG,
Moderate in a PG-13 or R), plus what the word itself, its head noun and its degrees add (`mpaa_reason.toml`),
rounded and held between Mild and what the rating allows. Of several raising degrees the strongest counts, of
several lowering ones the weakest. Scope of degrees:

- "strong", "some", "mild"… reach over "and", "or" and "/" to the next thing, unless that has its own degree;
  they do not reach over a comma, "for", or words like "including". ("some violence and language": both.)
- "brief", "a scene of"… and what stands with them reach over only within one category ("brief nudity and
  sexuality", not "brief nudity and language").
- "throughout" reaches back over "and" and "/" to whatever was not made light of.
- Adjectives that wait for their head share it and its degrees ("brief violent, sensual and bloody images").
- "bloody", "brutal", "intense"… raise what stands with them and are not handed on.
- "no nudity" says nothing. "all involving teens" makes minors of everyone named before.

Topics are stated where the words clearly say so ("drug content", not "drug references"). A reason names only
what is notable, so a topic that it does not name is unknown and not a "no".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from safecrs.advisories.mpaa_parts import Part, parts_of, plain, rating_and_body
from safecrs.advisories.mpaa_words import Level, Sense, load_lexicon
from safecrs.advisories.record import Statement
from safecrs.taxonomy import CATEGORIES

LONGEST = 4_000
"""A reason of more characters is not read; published ones have at most some 300."""

_MINOR, _CHILD = "a minor is sexualised", "a child is abused"
_TALK = -0.5
_STRONG = 0.9


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reason says.

    Attributes:
        statements: severities in the order of `CATEGORIES`, then topics; each with the words it rests on.
        unread: the phrases that hold a word we do not know.
        empty: there are no words to read ("Rated R").
    """

    statements: tuple[Statement, ...]
    unread: tuple[str, ...] = ()
    empty: bool = False


@dataclass(frozen=True, slots=True)
class _Scope:
    """The degrees that hold for a part, and where in the text they and their part stand."""

    part: Part
    raised: float
    lowered: float
    tail: float
    """Of a "throughout" behind it."""
    alone_for: frozenset[str] | None
    """The only categories that ``raised`` and ``lowered`` hold for; None: all."""
    head: float
    image: float | None
    start: int
    end: int


def parse_reason(reason: str, rating: str | None = None) -> tuple[Statement, ...]:
    """What ``reason`` says; ``rating`` (one of `LEVELS`, else unknown) defaults to the one it begins with."""
    return read_reason(reason, rating).statements


def read_reason(reason: str, rating: str | None = None) -> Reading:
    """`parse_reason`, with what was not understood. Never raises; a text longer than `LONGEST` is unread."""
    if len(reason) > LONGEST:
        return Reading((), (reason[:LONGEST],))
    text = plain(reason)
    named, begin = rating_and_body(text)
    levels = load_lexicon().levels
    level = levels.get(rating or named or "", levels["unknown"])
    parts = parts_of(text, begin)
    severity: dict[str, tuple[int, str]] = {}
    topics: dict[str, str] = {}

    def words(start: int, end: int) -> str:
        return " ".join(reason[start:end].split())

    for scope in _scopes(parts):
        for category, value in _severities(scope, level):
            if value > severity.get(category, (0, ""))[0]:
                severity[category] = (value, words(scope.start, scope.end))
        for topic in _topics(scope):
            if topic not in topics:
                topics[topic] = words(scope.start, scope.end)
    for topic, start, end in _minors(parts):
        if topic not in topics:
            topics[topic] = words(start, end)
    stated = [Statement(name, *severity[name]) for name in CATEGORIES if name in severity]
    stated += [Statement(topic, 1, words) for topic, words in topics.items()]
    unread = tuple(" ".join(text[part.start : part.end].split()) for part in parts if part.unread)
    return Reading(tuple(stated), unread, not parts)


def _scopes(parts: list[Part]) -> Iterator[_Scope]:
    after = _afterwards(parts)
    heads = _heads(parts)
    raised = lowered = 0.0
    alone_for: frozenset[str] | None = None
    start = 0
    waiting = negated = False
    for part, (tail, tail_end), (head, image, head_end) in zip(parts, after, heads, strict=True):
        joined = part.joiner == "and" or (waiting and part.joiner == ",")
        negated = part.negated or (negated and joined)
        own = part.graded or not joined
        if own:
            start = part.start
            raised = max(part.raises, default=0.0)
            lowered = min((*part.lowers, *part.brief), default=0.0)
            spoken = frozenset(category for sense in part.senses for category in sense.says)
            alone_for = spoken if part.brief and not part.waits else None
        if not negated:
            inherits = not own and (raised or lowered)
            yield _Scope(
                part,
                max(raised, tail),
                lowered,
                tail,
                None if own else alone_for,
                head,
                image,
                start if inherits else part.start,
                max(part.end, tail_end, head_end),
            )
        waiting = part.waits and not part.headed


def _afterwards(parts: list[Part]) -> list[tuple[float, int]]:
    """The "throughout" that holds for each part, and where it ends."""
    found: list[tuple[float, int]] = []
    value, end = 0.0, 0
    for position in range(len(parts) - 1, -1, -1):
        part = parts[position]
        follows = parts[position + 1].joiner if position + 1 < len(parts) else "start"
        if part.after:
            value, end = part.after, part.end
        elif follows != "and" or part.lowers or part.brief:
            value, end = 0.0, 0
        found.append((value, end))
    return found[::-1]


def _heads(parts: list[Part]) -> list[tuple[float, float | None, int]]:
    """The head of each part, its own or the one it waits for, and where that ends."""
    found: list[tuple[float, float | None, int]] = []
    later: tuple[float, float | None, int] = (0.0, None, 0)
    for position in range(len(parts) - 1, -1, -1):
        part = parts[position]
        follows = parts[position + 1].joiner if position + 1 < len(parts) else "start"
        if part.headed or not part.waits or follows not in ("and", ","):
            later = (part.head, part.image, part.end)
        elif follows == "," and not (parts[position + 1].waits or parts[position + 1].headed):
            later = (0.0, None, part.end)
        found.append(later)
    return found[::-1]


def _severities(scope: _Scope, level: Level) -> Iterator[tuple[str, int]]:
    senses = scope.part.senses
    spoken = {category for sense in senses for category in sense.says}
    for sense in senses:
        for category, offset in _said(sense, scope.image is not None):
            if category == "profanity" and offset < 0 and "sex" in spoken:
                continue  # "crude sexual humor" is sex; "crude and sexual humor" is both
            qualities = [
                other.raises
                for other in senses
                if other is not sense and (other.anywhere or category in other.says)
            ]
            within = scope.alone_for is None or category in scope.alone_for
            raised = scope.raised if within else scope.tail
            raised = 0.0 if sense.anywhere else max([raised, *qualities])
            value = level.base + offset + scope.head + raised + (scope.lowered if within else 0.0)
            if scope.image is not None and category in ("sex", "violence"):
                value += scope.image
            highest = 3 if category == "frightening" and level.highest > 1 else level.highest
            yield category, min(max(math.floor(value + 0.5), 1), highest)


def _said(sense: Sense, shown: bool) -> Iterator[tuple[str, float]]:
    yield from sense.says.items()
    if shown:
        yield from ((category, 0.0) for category in sense.images)


def _topics(scope: _Scope) -> Iterator[str]:
    senses = scope.part.senses
    for sense in senses:
        yield from sense.topics
        if scope.head > _TALK:
            yield from sense.shown_topics
        if max([scope.raised, *(other.raises for other in senses if other is not sense)]) >= _STRONG:
            yield from sense.strong_topics


def _minors(parts: list[Part]) -> Iterator[tuple[str, int, int]]:
    """Topics about minors with the span of words they rest on."""
    seen: dict[tuple[bool, bool], int] = {}  # how far it was looked back from, so that nobody looks twice
    for position, part in enumerate(parts):
        if not part.young:
            continue
        first = position
        everything = part.everything or (position > 0 and parts[position - 1].everything)
        if not part.senses:  # "… involving teens": whom the parts before are about
            stop = seen.get((part.child, everything), 0)
            seen[part.child, everything] = position
            while first > stop and (
                everything or not parts[first].senses or parts[first].joiner in ("and", "link")
            ):
                first -= 1
        for about in parts[first : position + 1]:
            if about.negated:
                continue
            span = (min(about.start, part.start), max(about.end, part.end))
            if any(sense.says.get("sex", -1) > -0.4 for sense in about.senses) and about.head > _TALK:
                yield (_MINOR, *span)
            harmed = any(sense.says.get("violence", -1) >= 0 for sense in about.senses)
            if part.child and not everything and harmed:
                yield (_CHILD, *span)
