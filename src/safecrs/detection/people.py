"""Whose sensitivity a sentence speaks of: the user, somebody who watches along, or somebody else."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from safecrs.detection.lexicon import Lexicon
from safecrs.detection.tokens import Token

_LOOK_BACK = 40
"""Words to the person that a pronoun or an event belongs to; a person further back is not meant."""
_FAR = -_LOOK_BACK - 1
_AGED = frozenset({"old", "olds", "yo"})
_FORMER = frozenset({"ex", "late", "old", "former"})


class Who(Enum):
    """The person whose aversion it is, as far as this request is concerned."""

    USER = "user"
    COMPANY = "company"
    OTHER = "other"


class Cast:
    """The people of one message, found in one pass over its words.

    Attributes:
        companions: matches that name who watches along.
        reactions: matches that tell how somebody took a film.
        absent: whether the message says that the person spoken of does not watch along.
        people: for each token the person that it names, if it names one.
    """

    def __init__(self, tokens: Sequence[Token], lexicon: Lexicon) -> None:
        self._tokens = tokens
        self._classes = lexicon.classes
        found = lexicon.company_matcher.find(tokens)
        self.companions = [match for match in found if match.label in lexicon.companions]
        self.reactions = [match for match in found if match.label == "reaction"]
        self.absent = any(match.label == "absent" for match in found)
        self._together = any(match.label == "together" for match in found)
        self.people: list[Who | None] = []
        self._person: list[int] = []
        """For each token the last one before it in its sentence that names a person."""
        self._kin: list[int] = []
        """The same for relatives, partners, children and friends."""
        person = kin = named = _FAR
        for position, token in enumerate(tokens):
            if token.boundary == 2:
                person = kin = _FAR
            self._person.append(person)
            self._kin.append(kin)
            who = self._named(position)
            if token.word in self._classes["pronoun"]:
                who = (self.people[named] if position - named <= _LOOK_BACK else None) or Who.OTHER
            self.people.append(who)
            if self.people[position] is not None:
                person = position
            if token.word in self._classes["kin"]:
                kin = position
            if token.word in self._classes["people"]:
                named = position

    def subject(self, start: int) -> Who:
        """Whose words begin at ``start``: the nearest person before them in the sentence, else the user."""
        person = self._person[start]
        return (self.people[person] if start - person <= _LOOK_BACK else None) or Who.USER

    def touched(self, start: int) -> bool:
        """Whether an event at ``start`` befell the user or one of the user's people ("my brother …")."""
        kin = self._kin[start]
        if kin >= self._person[start] and start - kin <= _LOOK_BACK:
            return self._before(kin) in self._classes["my"] and self._close(kin) and not self.absent
        return self.subject(start) is not Who.OTHER

    def affected(self, start: int, end: int) -> Who:
        """Whom a trigger such as "… makes her sick" names; the user when it names nobody."""
        words = enumerate(self._tokens[start:end], start)
        named = (self.people[at] or Who.OTHER for at, token in words if token.word in ("her", "him", "them"))
        return next(named, Who.USER)

    def own(self, start: int, end: int) -> bool:
        """Whether the words of an event name the user or the user's own people."""
        own = self._classes["own"]
        return any(token.word in own for token in self._tokens[start:end])

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

    def _named(self, position: int) -> Who | None:
        """The person that the word at ``position``, no pronoun, names, if it names one."""
        word = self._tokens[position].word
        if word in self._classes["self"]:
            return Who.USER
        before = self._before(position)
        if word in ("who", "whose", "whos") and before in _AGED:
            return Who.OTHER if self.absent else Who.COMPANY
        theirs = before in self._classes["strangers"] and word in self._classes["kin"] and before != "who"
        if word in ("ex", "exes") or before in _FORMER or theirs:
            return Who.OTHER
        if word not in self._classes["kin"]:
            return Who.OTHER if word in self._classes["people"] else None
        ours = self._tokens[position].boundary == 2 or any(
            token.word == "the" or token.word in self._classes["my"]
            for token in self._tokens[max(0, position - 3) : position]
        )
        along = self._together if word in self._classes["relatives"] else ours
        return Who.COMPANY if along and not self.absent else Who.OTHER

    def _before(self, position: int) -> str:
        return self._tokens[position - 1].word if position else ""
