"""How wishes are meant: denied, hedged, stressed, a taste in general, or no wish at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from safecrs.preferences.gazetteer import Kind
from safecrs.preferences.lexicon import Wish, word_class
from safecrs.preferences.words import Word

Trigger = tuple[int, int, frozenset[str]]
NOUNS = word_class("nouns")
"""Words for what is asked for, folded."""
_FILLERS = word_class("fillers")
_JOINS = word_class("joins") | NOUNS
_ABOUT = word_class("scope_about")
_SOME = word_class("some")
_LINKS = word_class("links")
_BEHIND = word_class("behind")
_DENYING = word_class("denying")
_COPULAS = word_class("copulas")
_POSITIVE = word_class("positive")
_BACK, _CLOSE, _REACH, _SOFT_REACH, _WALK = 7, 3, 5, 4, 8
_NONE = frozenset[str]()
_ASKING = frozenset(["never", "softly", "want", "stress", "taste", "replace", "withdraw"])
_KINDS_OF = frozenset(["type", "kind", "sort"])
_LEADS = frozenset(["make", "keep", "should", "to", "must"])
_VAGUE = frozenset(["one", "thing", "watch", "show", "play"])
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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is around words that may be other talk.

    Attributes:
        hits: for each word whether it belongs to a phrase; solid: to one that counts by itself.
        starts, ends: the kinds of the triggers by where they begin and by where they end.
    """

    words: Sequence[Word]
    hits: Sequence[bool]
    solid: Sequence[bool]
    starts: Mapping[int, frozenset[str]]
    ends: Mapping[int, frozenset[str]]

    def describe(self, hit: Hit) -> bool:
        """Whether the words of ``hit`` describe what is asked for."""
        if self.starts.get(hit.end, _NONE) & {"denied_after", "fine_after"}:
            return True
        beside = hit.first and self.solid[hit.first - 1] and not self.words[hit.first].boundary
        if beside and hit.wishes and hit.wishes[0].facet == "genres":
            return True  # "a Clint Eastwood western"
        left = self._left(hit.first)
        right = self._right(hit.end, left == "edge") if left != "asked" else "asked"
        return "asked" in (left, right) or left == right == "edge"

    def _left(self, position: int) -> str:
        """ "asked": what is before asks for it; "edge": a clause begins."""
        words, passed = self.words, set[str]()
        for _ in range(_WALK):
            if self.ends.get(position, _NONE) & _ASKING:
                return "asked"
            if position == 0 or words[position].boundary == 2:
                return "edge"
            before, known = words[position - 1], self.hits[position - 1]
            if words[position].boundary == 1 and not (known or before.word in _FILLERS):
                return "edge"
            comma = words[position].boundary == 1
            position -= 1
            if before.word in _SOME or (before.word in NOUNS and passed & _LINKS):
                return "asked"
            if self.solid[position] and (passed & {"or", "and", "nor"} or comma):
                return "asked"
            if before.word in _KINDS_OF and "of" in passed:
                return "asked"
            if before.word in NOUNS and before.word != "one":
                return ""
            if before.word == "but":
                return "edge"
            passed.add(before.word)
            if before.word in _ABOUT or (before.word == "with" and self._asks(position)):
                return "asked"
            if before.word in _COPULAS and position and words[position - 1].plain in _LEADS:
                return "asked"
            if not (known or before.word in _FILLERS or before.word == "one"):
                near = (self.ends.get(at, _NONE) for at in range(max(0, position - _WALK), position + 1))
                listed = passed & {"or", "nor"} and any(kinds & {"never", "softly"} for kinds in near)
                return "asked" if listed else ""  # the last of a list of which one is no wish
        return ""

    def _asks(self, position: int) -> bool:
        """Whether a word for what is asked for stands a few words before."""
        near = range(max(0, position - 4), position)
        return any(self.words[at].word in NOUNS or self.hits[at] for at in near)

    def _right(self, end: int, begins: bool) -> str:
        words = self.words
        for position in range(end, min(len(words), end + _WALK)):
            word = words[position]
            if word.boundary == 2 or word.plain == "but":
                return "edge"
            if word.word in NOUNS and not word.boundary:
                return "asked" if word.word not in _VAGUE or not begins or position == end else ""
            if self.solid[position] and not word.boundary:
                return "asked"
            listed = words[position - 1].word in ("and", "or") and position > end
            if word.plain in _BEHIND or not (self.hits[position] or word.word in _FILLERS or listed):
                return "edge" if word.boundary == 1 or word.plain in _BEHIND else ""
        return "edge" if end + _WALK >= len(words) else ""


def govern(words: Sequence[Word], hits: Sequence[Hit], triggers: Sequence[Trigger]) -> None:
    """Set the mode and the marks of ``hits`` (sorted) by the triggers (sorted) around them."""
    events: list[tuple[int, int, Trigger | Hit]] = [(t[0], 0, t) for t in triggers]
    events += [(hit.first, 1, hit) for hit in hits]
    events.sort(key=lambda event: event[:2])
    mode, anchor, had = "", 0, False
    before: list[Hit] = []
    for start, _, event in events:
        gap = words[anchor : start + 1] if start - anchor <= _BACK + 2 else ()
        ended = any(word.boundary == 2 for word in words[anchor + (anchor == 0) : start + 1]) if gap else True
        ended = ended and start >= anchor  # a trigger may end within a hit: "not from | this decade"
        if ended and not (mode == "taste" and gap):
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
        if "absent_after" in kinds and near:
            near[-1].mode = "never"
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
                or (words[first].plain == "not" and ends_clause)
            )
        ):
            continue  # "No, older": an answer
        if polarity in ("never", "softly", "past", "taste", "withdraw"):
            if polarity == "taste" and mode == "never" and first - anchor <= 1:
                continue
            mode, anchor, had = polarity, end, False
        elif polarity == "break" or (
            polarity == "want"
            and (
                mode not in ("never", "softly", "withdraw")
                or had
                or first - anchor > 1
                or words[first].boundary
            )
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
    if plain & {"or", "nor"} or (not between and not bounded):
        return True
    same = bool(before) and {w.facet for w in before[-1].wishes} & {w.facet for w in hit.wishes}
    if "and" in plain and (mode == "softly" or not same):
        return False
    if bounded and between and between[-1].plain in ("a", "an", "some"):
        return False  # "not a comedy, a thriller"
    if bounded and not (same or (_content(before[-1]) and _content(hit))):
        return False  # "not too scary, under two hours"
    if bounded:
        rest = []
        for word in words[hit.end : hit.end + 6]:
            if word.boundary:
                break
            rest.append(word.word)
        return not _POSITIVE & set(rest)
    return bool(plain & {"and"})


def _content(hit: Hit) -> bool:
    """Whether a hit is about what an item holds."""
    return hit.kind not in ("time", "person") and hit.wishes[0].facet in ("genres", "moods", "themes")


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
