"""The scope of triggers: whether a sentence averts a topic, welcomes it, or does neither.

The scope of a trigger that looks ahead ends after a number of words or with its clause, and covers a list of
topics; a trigger that looks back covers the topics before it. The nearest trigger decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from safecrs.detection.cues import Classes, Match
from safecrs.detection.lexicon import CueKind, TriggerKind
from safecrs.detection.tokens import Token

REACH = {"asked": 9, "felt": 9, "near": 3, "back": 4, "welcome_before": 6, "plot": 9}
"""Words between a trigger that looks ahead and the topics in its scope."""
_LIST_REACH = 4
"""Words between two topics of a list."""
_BACK_REACH = 6
_REMEMBERED = 16
"""Topics of a sentence that a later trigger can reach; a bound that keeps the pass linear."""
WELCOME: frozenset[TriggerKind] = frozenset({"plot", "welcome_before", "welcome_after"})

Topics = Sequence[Match[tuple[str, CueKind]]]


@dataclass(frozen=True, slots=True)
class Governed:
    """The trigger that decides about a topic, and whether it averts the topic."""

    trigger: Match[TriggerKind]
    averse: bool


def negated(tokens: Sequence[Token], start: int, within: int, classes: Classes) -> bool:
    """Whether a negator stands within ``within`` words before ``start``, in the same clause."""
    first = max(start - within, 0)
    begin = max([first, *(place for place in range(first + 1, start + 1) if tokens[place].boundary)])
    return any(token.word in classes["negators"] for token in tokens[begin:start])


def govern(
    tokens: Sequence[Token], topics: Topics, triggers: Sequence[Match[TriggerKind]], classes: Classes
) -> dict[int, Governed]:
    """Position in ``topics`` (sorted by start) → what governs it; topics in no scope are left out."""
    scope = _Scope(tokens, topics, classes)
    trigger_at = {trigger.start: trigger for trigger in triggers}
    inside = upcoming = 0
    for position, token in enumerate(tokens):
        if token.boundary == 2:
            scope.close(position)
            scope.previous, scope.sentence = scope.sentence, []
        elif token.boundary == 1:
            scope.comma = True
        if (trigger := trigger_at.get(position)) is not None:
            inside = trigger.end
            if trigger.label in REACH and trigger.label != "back":
                scope.open(trigger)
            else:
                scope.close(position)
                scope.look_back(trigger)
        elif position >= inside and (
            token.word in classes["breaks"] or (token.boundary == 1 and token.word in classes["my"])
        ):
            scope.close(position)
        scope.joined = scope.joined or token.word in ("or", "nor", "and")
        while upcoming < len(topics) and topics[upcoming].start == position:
            scope.meet(upcoming)
            upcoming += 1
    scope.close(len(tokens))
    return scope.result


class _Scope:
    """The state of `govern` between two words."""

    def __init__(self, tokens: Sequence[Token], topics: Topics, classes: Classes) -> None:
        self.tokens, self.topics, self.classes = tokens, topics, classes
        self.result: dict[int, Governed] = {}
        self.sentence: list[int] = []
        self.previous: list[int] = []
        self.active: Governed | None = None
        self.anchor = 0
        self.had_topic = self.comma = self.joined = False

    def open(self, trigger: Match[TriggerKind]) -> None:
        """Start the scope of a trigger that looks ahead; "not afraid of" reverses one of aversion."""
        averse = self.active is not None and self.active.averse and not self.comma
        if trigger.label == "plot" and averse and trigger.start - self.anchor <= 3:
            self.anchor = trigger.end  # "no films where …" says what is averted
            return
        if self.active is not None and trigger.start == self.active.trigger.end:
            self.active = None  # "but not | even a little": one aversion, which looks ahead
        self.close(trigger.start)
        past = [token.word for token in self.tokens[max(0, trigger.start - 3) : trigger.start]]
        reversed_ = trigger.label == "felt" and (
            negated(self.tokens, trigger.start, 2, self.classes) or ("used" in past and "still" not in past)
        )
        self.active = Governed(trigger, trigger.label not in WELCOME and not reversed_)
        self.anchor = trigger.end
        self.had_topic = self.comma = self.joined = False

    def close(self, end: int) -> None:
        """End a clause: an aversion that met no topic ahead points back ("clowns I can't stand")."""
        active, self.active = self.active, None
        if active is None or not active.averse or self.had_topic or active.trigger.label == "near":
            return
        rest = [token.word for token in self.tokens[active.trigger.end : end]]
        if self.classes["points_back"].issuperset(rest):
            self.point_back(active, self.sentence or (self.previous if rest else []))

    def point_back(self, governed: Governed, topics: Sequence[int]) -> None:
        """Put topics that nothing governs yet into the scope of a trigger after them."""
        for topic in topics:
            self.result.setdefault(topic, governed)

    def meet(self, topic: int) -> None:
        """A topic begins; it is in the active scope if that reaches so far."""
        self.sentence = [*self.sentence[1 - _REMEMBERED :], topic]
        span, active = self.topics[topic], self.active
        if active is None or span.end <= active.trigger.end:
            return
        reach = _LIST_REACH if self.had_topic else REACH[active.trigger.label]
        if span.start - self.anchor <= reach and (not self.comma or self.had_topic or self.joined):
            self.result[topic] = active
            self.anchor = max(self.anchor, span.end)
            self.had_topic, self.comma, self.joined = True, False, False

    def look_back(self, trigger: Match[TriggerKind]) -> None:
        """A trigger that follows its topics ("… makes me sick"); "avoid those" may also precede them."""
        averse = trigger.label != "welcome_after"
        governed = Governed(trigger, averse)
        if trigger.label == "back":
            behind = self.sentence or self.previous
            self.point_back(governed, behind)
            if not behind:
                self.open(trigger)
            return
        near = [t for t in self.sentence if 0 <= trigger.start - self.topics[t].end <= _BACK_REACH]
        if near:
            last = self.result.get(near[-1])
            if last is None:
                self.point_back(governed, self.sentence)
            elif (
                averse
                and not last.averse
                and trigger.start - self.topics[near[-1]].end <= 2
                and self.tokens[last.trigger.start].word not in ("doubt", "hardly")
            ):
                self.result[near[-1]] = governed
        elif self.previous and (averse or trigger.end - trigger.start > 1):
            answers = trigger.start - self.topics[self.previous[-1]].end <= 1  # "Jump scares? No problem"
            self.point_back(governed, self.previous if answers else [])
