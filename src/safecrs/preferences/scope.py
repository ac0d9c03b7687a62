"""How wishes are meant: denied, hedged, stressed, a taste in general, or no wish at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from safecrs.preferences.gazetteer import Kind
from safecrs.preferences.lexicon import Wish
from safecrs.preferences.words import Word

Trigger = tuple[int, int, frozenset[str]]
NOUNS = frozenset(
    "movy film flick picture game title watch cinema feature show pic one stuff something anything thing video pick "
    "recommendation suggestion option choice sth smth someth kind type genre play experience viewing entertainment "
    "special pix moovy".split()
)  # fmt: skip
"""Words for what is asked for, folded."""
_FILLERS = frozenset(
    "and or but a an the some any more most very really so too quite pretty bit little kinda of that thats is which not super "
    "just also maybe good great nice decent solid kind sort preferably please both either with real totally completely "
    "incredibly extremely proper right vaguely fairly rather somewhat thanks yet still best better other new".split()
)  # fmt: skip
_JOINS = frozenset("or nor and any no not too the a an overly very super either other".split()) | NOUNS
_ABOUT = frozenset("about involving featuring involve feature set during around on".split())
_SOME = frozenset("something anything nothing stuff thing smth sth someth".split())
_LINKS = frozenset("that thats is which be".split())
_BEHIND = frozenset("by with from about set starring for where like to i we".split())
_DENYING = frozenset(
    "not no nothing isnt arent without dont doesnt never non cant havent hate probably nobody".split()
)
_COPULAS = frozenset("it its thats that this be them".split())
_POSITIVE = frozenset("please instead fine ok okay better great perfect welcome would rather want".split())
_BACK, _CLOSE, _REACH, _SOFT_REACH, _WALK = 7, 3, 5, 4, 8
_POLARITIES = ("none", "withdraw", "softly", "never", "past", "taste", "want", "break")


@dataclass(slots=True)
class Hit:
    """Words ``first`` up to ``end`` state wishes.

    Attributes:
        mode: what governs it: "" plainly asked, never, softly, past, taste, withdraw.
        marks: hedge, stress, plural, vague, weak, shift.
    """

    first: int
    end: int
    wishes: tuple[Wish, ...]
    kind: Kind | str = "word"
    mode: str = ""
    marks: set[str] = field(default_factory=set)


def describes(
    words: Sequence[Word], hit: Hit, hits: Sequence[bool], solid: Sequence[bool], triggers: Sequence[Trigger]
) -> bool:
    """Whether words that may be other talk describe what is asked for.

    Args:
        hits: for each word whether it belongs to a phrase, weak ones too; solid: to one that is not weak.
    """
    ends = {end: kinds for _, end, kinds in triggers if end <= hit.first and end >= hit.first - _WALK}
    edge_left = edge_right = False
    passed: set[str] = set()
    position = hit.first
    for _ in range(_WALK):
        kinds = ends.get(position, frozenset())
        if kinds & {"never", "softly", "want", "stress", "taste", "replace", "withdraw"} and not hit.mode:
            return True
        if words[position].boundary == 2 or position == 0:
            edge_left = True
            break
        before = words[position - 1]
        if words[position].boundary == 1 and not (hits[position - 1] or before.word in _FILLERS):
            edge_left = True
            break
        position -= 1
        if before.word in _SOME or (before.word in NOUNS and passed & _LINKS):
            return True
        if solid[position] and (passed & {"or", "and", "nor"} or words[position + 1].boundary == 1):
            return True
        if before.word in NOUNS:
            break
        passed.add(before.word)
        if before.word in _ABOUT or (before.word == "with" and _asks(words, position)):
            return True
        if (
            before.word in _COPULAS
            and position
            and words[position - 1].plain in ("make", "keep", "should", "to", "must")
        ):
            return True
        if not (hits[position] or before.word in _FILLERS):
            if passed & {"or", "nor"} and any(kinds & {"never", "softly"} for kinds in ends.values()):
                return True  # the last of a list of which one is no wish
            break
    if any(start == hit.end and kinds & {"denied_after", "fine_after"} for start, _, kinds in triggers):
        return True
    position = hit.end
    for _ in range(_WALK):
        if position >= len(words) or words[position].boundary == 2:
            edge_right = True
            break
        if words[position].word in NOUNS and not words[position].boundary:
            return (
                words[position].word not in ("one", "thing", "watch", "show", "play")
                or not edge_left
                or position == hit.end
            )
        if solid[position] and not words[position].boundary:
            return True
        if not (hits[position] or words[position].word in _FILLERS):
            edge_right = words[position].boundary == 1 or words[position].plain in _BEHIND
            break
        position += 1
    return edge_left and edge_right


def _asks(words: Sequence[Word], position: int) -> bool:
    """Whether a word for what is asked for stands a few words before."""
    return any(word.word in NOUNS for word in words[max(0, position - 4) : position])


def govern(words: Sequence[Word], hits: Sequence[Hit], triggers: Sequence[Trigger]) -> None:
    """Set the mode and the marks of ``hits`` (sorted) by the triggers (sorted) around them."""
    events: list[tuple[int, int, Trigger | Hit]] = [(t[0], 0, t) for t in triggers]
    events += [(hit.first, 1, hit) for hit in hits]
    events.sort(key=lambda event: event[:2])
    mode, anchor, had, joins = "", 0, False, ""
    before: list[Hit] = []
    for start, _, event in events:
        gap = words[anchor : start + 1] if start - anchor <= _BACK + 2 else ()
        if not gap or any(word.boundary == 2 for word in words[anchor + (anchor == 0) : start + 1]):
            if not (mode == "taste" and gap):
                mode, had = "", False
        if isinstance(event, Hit):
            denied = mode in ("never", "softly", "withdraw")
            if words[event.first].plain in _DENYING:
                mode, denied = "", False  # says itself what is not
            if denied and not _covers(words, mode, anchor, event, had, before):
                mode, denied = "", False
            if (
                denied
                or mode == "taste"
                or (
                    mode == "past"
                    and start - anchor <= _REACH
                    and not any(w.boundary for w in words[anchor : start + 1])
                )
            ):
                event.mode = mode
                if mode != "taste":
                    anchor, had = event.end, True
            before = [*before[-8:], event]
            continue
        first, end, kinds = event
        ends_clause = end >= len(words) or words[end].boundary > 0 or words[end].word in ("and", "so", "but")
        near = [h for h in before if first - h.end <= _BACK and not _apart(words, h.end, first)]
        if "denied_after" in kinds and near and (ends_clause or "never" not in kinds):
            for hit in near:
                if hit.mode in ("", "taste"):
                    hit.mode = "never"
            continue
        if "fine_after" in kinds and near and first - near[-1].end <= _CLOSE:
            near[-1].marks.add("hedge")
            if near[-1].mode == "never" and "doesnt" in words[first].plain:
                near[-1].mode = "withdraw"
        if near and kinds & {"hedge", "stress"} and ends_clause and first - near[-1].end <= _CLOSE:
            near[-1].marks.add("hedge" if "hedge" in kinds else "stress")
        polarity = next((kind for kind in _POLARITIES if kind in kinds), "")
        if (
            polarity == "never"
            and end - first == 1
            and (
                (words[first].plain == "no" and end < len(words) and words[end].boundary)
                or words[first].plain == "not"
                and ends_clause
            )
        ):
            continue  # "No, older": an answer
        if polarity in ("never", "softly", "past", "taste", "withdraw"):
            if polarity == "taste" and mode == "never" and first - anchor <= 1:
                continue
            mode, anchor, had = polarity, end, False
        elif polarity == "break" or (
            polarity == "want" and (mode not in ("never", "softly", "withdraw") or had or first - anchor > 1)
        ):
            mode, anchor, had = "", end, False
        elif polarity == "want":
            anchor = end
        else:
            anchor = max(anchor, end) if not mode else anchor
    _mark(words, hits, triggers)


def _covers(
    words: Sequence[Word], mode: str, anchor: int, hit: Hit, had: bool, before: Sequence[Hit]
) -> bool:
    """Whether the scope of a denial reaches a hit: its first, or one of a list."""
    between = words[anchor : hit.first]
    bounded = any(word.boundary for word in words[anchor + (not had) : hit.first + 1])
    if not had:
        return not bounded and len(between) <= (_SOFT_REACH if mode == "softly" else _REACH)
    plain = {word.word for word in between}
    if len(plain - _JOINS) > bool(plain & {"or", "nor"}) or len(between) > _SOFT_REACH:
        return False
    if plain & {"or", "nor"} or not between and not bounded:
        return True
    same = bool(before) and {w.facet for w in before[-1].wishes} & {w.facet for w in hit.wishes}
    if "and" in plain and (mode == "softly" or not same):
        return False
    if bounded and between and between[-1].plain in ("a", "an", "some"):
        return False  # "not a comedy, a thriller"
    if bounded:
        rest = []
        for word in words[hit.end : hit.end + 6]:
            if word.boundary:
                break
            rest.append(word.word)
        return not _POSITIVE & set(rest)
    return bool(plain & {"and"})


def _apart(words: Sequence[Word], start: int, end: int) -> bool:
    return any(word.boundary == 2 for word in words[start : end + 1][: end - start + 1])


def _mark(words: Sequence[Word], hits: Sequence[Hit], triggers: Sequence[Trigger]) -> None:
    """Hedges and stresses before a hit in its clause."""
    marks = [
        (end, kinds) for _, end, kinds in triggers if kinds & {"hedge", "stress"} and "none" not in kinds
    ]
    upcoming, near = 0, (-1, frozenset[str]())
    for hit in hits:
        while upcoming < len(marks) and marks[upcoming][0] <= hit.first:
            near = marks[upcoming]
            upcoming += 1
        end, kinds = near
        if end < 0 or hit.first - end > _WALK:
            continue
        if any(
            word.boundary or word.word == "but" for word in words[end : hit.first + 1][: hit.first - end + 1]
        ):
            continue
        hit.marks.add("stress" if "stress" in kinds else "hedge")
