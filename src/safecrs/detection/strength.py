"""Words of strength: "not even a little blood" sets a stricter threshold than "no gore".

A word of strength applies to the topic that follows it closely in its clause, else to the nearest one before
it; with that topic go those in the scope of the same trigger ("no gore, torture or suicide at all").
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from safecrs.detection.cues import Match, leftmost_longest
from safecrs.detection.lexicon import StrengthKind
from safecrs.detection.tokens import Token
from safecrs.taxonomy import DEFAULT_THRESHOLD

Strength = Literal["strict", "usual", "lax"]
THRESHOLDS: Mapping[Strength, float] = {"strict": 0.2, "usual": DEFAULT_THRESHOLD, "lax": 0.75}
"""Risk from which an item is unsafe. With the film traits' guide weights, strict is met by "mild" in the
category that matters most for a trait, usual by "moderate" throughout (2/3), lax by "severe" in that category
(0.77 for gore and horror); a yes to a topic is a risk of 1 and meets all three."""
_AHEAD = 4
_BEHIND = 10
_WINDOW = 30
"""Words around a word of strength in which topics are looked for; a bound that keeps long messages linear."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Tokens ``start`` up to ``end`` speak of ``trait``; those of one ``group`` share their trigger."""

    start: int
    end: int
    trait: str
    group: int


def read_strengths(
    tokens: Sequence[Token], found: Sequence[Match[StrengthKind]], anchors: Iterable[Anchor]
) -> dict[str, Strength]:
    """Trait → how strict its threshold is, of two readings the stricter; the usual is left out."""
    placed = sorted(anchors, key=lambda anchor: (anchor.start, anchor.end))
    starts = [anchor.start for anchor in placed]
    result: dict[str, Strength] = {}
    for match in leftmost_longest(found):
        near = placed[bisect_left(starts, match.start - _WINDOW) : bisect_right(starts, match.end + _WINDOW)]
        for anchor in _meant(tokens, match, near):
            if match.label != "neither" and result.get(anchor.trait) != "strict":
                result[anchor.trait] = match.label
    return result


def _meant(tokens: Sequence[Token], match: Match[StrengthKind], anchors: Sequence[Anchor]) -> list[Anchor]:
    """The topics that a word of strength speaks of."""
    inside = [a for a in anchors if a.start < match.end and match.start < a.end]
    if inside:
        return inside
    ahead = [a for a in anchors if match.end <= a.start <= match.end + _AHEAD]
    if ahead and not any(token.boundary for token in tokens[match.end : ahead[0].start + 1]):
        return _with_group(ahead[0], anchors)
    behind = (a for a in anchors if 0 <= match.start - a.end <= _BEHIND)
    nearest = max(behind, key=lambda anchor: anchor.end, default=None)
    if nearest is None:
        return []
    ends = [i for i in range(nearest.end, match.start + 1) if tokens[i].boundary == 2]
    parted = len(ends) > 1 or any(match.start - end > 1 for end in ends)
    return [] if parted else _with_group(nearest, anchors)


def _with_group(anchor: Anchor, anchors: Sequence[Anchor]) -> list[Anchor]:
    return [other for other in anchors if other is anchor or 0 <= anchor.group == other.group]
