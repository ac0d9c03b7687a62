"""Whose sensitivity a sentence speaks of: the user, somebody who watches along, or somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from safecrs.detection.lexicon import Lexicon
from safecrs.detection.tokens import Token

_LOOK_BACK = 40
"""Words; a bound that keeps long messages linear."""


class Who(Enum):
    """The person whose aversion it is, as far as this request is concerned."""

    USER = "user"
    COMPANY = "company"
    OTHER = "other"


class Cast:
    """The people of one message."""

    def __init__(self, tokens: Sequence[Token], lexicon: Lexicon) -> None:
        self._tokens = tokens
        self._classes = lexicon.classes
        found = lexicon.company_matcher.find(tokens)
        self.companions = [match for match in found if match.label in lexicon.companions]
        self.reactions = [match for match in found if match.label == "reaction"]
        self.absent = any(match.label == "absent" for match in found)
        self._together = any(match.label == "together" for match in found)

    def subject(self, start: int) -> Who:
        """Whose words begin at ``start``: the nearest person before them in the sentence, else the user."""
        position = start
        while position > max(0, start - _LOOK_BACK) and self._tokens[position].boundary < 2:
            position -= 1
            if (who := self.person(position)) is not None:
                return who
        return Who.USER

    def touched(self, start: int) -> bool:
        """Whether an event at ``start`` befell the user or one of the user's people ("my brother …")."""
        for position in range(start - 1, max(-1, start - 1 - _LOOK_BACK), -1):
            if self._tokens[position + 1].boundary == 2:
                break
            if self._tokens[position].word in self._classes["kin"]:
                return (
                    self._before(position) in self._classes["my"]
                    and self._close(position)
                    and not self.absent
                )
            if self.person(position) is not None:
                break
        return self.subject(start) is not Who.OTHER

    def affected(self, start: int, end: int) -> Who:
        """Whom a frame such as "… makes her sick" names; the user when it names nobody."""
        for position in range(start, end):
            if self._tokens[position].word in ("her", "him", "them"):
                return self._antecedent(position)
        return Who.USER

    def own(self, start: int, end: int) -> bool:
        """Whether the words of an event name the user or the user's own people."""
        words = [token.word for token in self._tokens[start:end]]
        return any(word in self._classes["self"] or word in self._classes["my"] for word in words)

    def distant(self, start: int, end: int) -> bool:
        """Whether the words of an event name people whose fate does not touch the user."""
        return any(
            self._tokens[position].word in self._classes["kin"] and not self._close(position)
            for position in range(start, end)
        )

    def _close(self, position: int) -> bool:
        """Whether somebody's fate touches the user: no former partner, roommate, boss …"""
        return (
            self._before(position) not in ("ex", "old", "former")
            and self._tokens[position].word not in self._classes["acquaintances"]
        )

    def person(self, position: int) -> Who | None:
        """The person that the word at ``position`` names, if it names one."""
        word = self._tokens[position].word
        if word in self._classes["self"]:
            return Who.USER
        if word in self._classes["pronoun"]:
            return self._antecedent(position)
        if word in ("ex", "exes") or self._before(position) in ("ex", "late", "old", "former"):
            return Who.OTHER
        if word in self._classes["household"] or word in self._classes["children"]:
            mine = (
                any(
                    token.word in self._classes["my"] or token.word == "the"
                    for token in self._tokens[max(0, position - 3) : position]
                )
                or self._tokens[position].boundary == 2
                or position == 0
            )
            return self._company(mine)
        if word in self._classes["relatives"]:
            return self._company(self._together)
        return Who.OTHER if word in self._classes["strangers"] and word not in ("who", "whose") else None

    def _company(self, along: bool) -> Who:
        return Who.COMPANY if along and not self.absent else Who.OTHER

    def _before(self, position: int) -> str:
        return self._tokens[position - 1].word if position else ""

    def _antecedent(self, position: int) -> Who:
        """The last person named before a "she" or "them"."""
        people = ("household", "children", "relatives", "strangers")
        for earlier in range(position - 1, max(-1, position - 1 - _LOOK_BACK), -1):
            word = self._tokens[earlier].word
            if any(word in self._classes[name] for name in people) and word not in ("who", "whose"):
                return self.person(earlier) or Who.OTHER
        return Who.OTHER
