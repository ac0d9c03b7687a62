"""People that a message names: by full name, by last name where it is clear who is meant, or misspelt."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.preferences.gazetteer import Gazetteer, Person
from safecrs.preferences.lexicon import Wish, word_class
from safecrs.preferences.scope import Hit
from safecrs.preferences.words import Word, key_of

QUOTES = tuple("\"“«*_'‘")
_MOST = 6
"""Misspelt names that are looked up in one message: a bound that keeps long texts linear."""
_NEAR, _LONGEST_NAME = 3, 3
_NO_AGENT = frozenset(["stand", "close", "near", "sit", "one", "side"])
"""Words before "by" that make it a place."""


class People:
    """The people of one message.

    Attributes:
        hits: whom the catalog knows; unknown: first word and word behind of names that it does not know.
    """

    def __init__(
        self, text: str, words: Sequence[Word], taken: list[bool], known: Gazetteer, titles: set[int]
    ) -> None:
        self._text, self._words, self._taken, self._known = text, words, taken, known
        self._guesses = 0
        self.hits: list[Hit] = []
        self.unknown: list[tuple[int, int]] = []
        for first, end, person in known.people.find(words, taken):
            last = key_of(person.name).rpartition(" ")[2] == words[first].word
            named = end - first > 1 or not last or known.surname(words[first].word) is None
            if named and not self._in_title(first, end, titles) and self._meant(first, end):
                self._add(first, end, person)
        for position, word in enumerate(words):
            if not taken[position] and position not in titles and len(word.word) > 2:
                self._alone(position)

    def _word(self, position: int) -> str:
        return self._words[position].word if 0 <= position < len(self._words) else ""

    def _next(self, end: int) -> Word | None:
        """The word directly behind, if no comma or stop is between."""
        return self._words[end] if end < len(self._words) and not self._words[end].boundary else None

    def _in_title(self, first: int, end: int, titles: set[int]) -> bool:
        """Whether a name is part of a longer title, or is one in quotation marks."""
        inside = titles.issuperset(range(first, end))
        before = self._text[max(0, self._words[first].start - 1) : self._words[first].start]
        return inside and (first - 1 in titles or end in titles or before in QUOTES)

    def _meant(self, first: int, end: int) -> bool:
        """Whether a name of ordinary words is one: it is capitalised, or the words around say so."""
        words = self._words[first:end]
        unusual = not all(self._known.ordinary(word.word) for word in words)
        return unusual or all(word.capital for word in words) or self._cue(first, end) > 0

    def _cue(self, first: int, end: int) -> int:
        """2 where the words around say that a person is meant, 1 where they may, 0 elsewhere."""
        before, lead, behind = self._word(first - 1), self._word(first - 2), self._next(end)
        joined = first > 0 and not self._words[first].boundary
        if joined and (before in word_class("presenting") or (before == "by" and lead not in _NO_AGENT)):
            return 2
        if joined and before in ("and", "or") and first > 1 and self._taken[first - 2]:
            return 2
        if joined and before == "of" and lead in ("best", "work", "fan", "lot", "more"):
            return 2
        if behind and behind.word in word_class("works"):
            return 1 if self._known.ordinary(self._word(first)) else 2
        ending = self._text[self._words[end - 1].end - 2 : self._words[end - 1].end]
        lone = self._words[first].boundary == 2 and not (
            end < len(self._words) and self._words[end].boundary < 2
        )
        if (
            ending in ("'s", "’s")
            or (lone and self._words[first].capital)
            or len(self._words) == 1
            or (behind and behind.word == "please")
        ):
            return 1
        cues = word_class("cues") | word_class("directing") | word_class("acting")
        return 1 if joined and before in cues else 0

    def _alone(self, position: int) -> None:
        """A last name, a rare first name, or a misspelt name that begins at a word."""
        words, known = self._words, self._known
        word, behind = words[position], self._next(position + 1)
        ordinary, cue = known.ordinary(word.word), self._cue(position, position + 1)
        first = position
        while first and not words[first].boundary and words[first - 1].plain in word_class("particles"):
            first -= 1
            cue = max(cue, self._cue(first, position + 1))
        before = words[first - 1] if first and not words[first].boundary else None
        single = not (behind and (behind.capital or not (known.ordinary(behind.word) or word.capital)))
        other = before and not cue and not known.ordinary(before.word) and not self._taken[first - 1]
        single = single and not other
        given = known.given(word.word)
        alone = given and not known.surname(word.word) and known.told_apart(word.word, given, given=True)
        person = known.surname(word.word) or (given if cue == 2 or alone else None)
        if person and person.name.endswith("s") and not word.plain.endswith("s"):
            person = None  # "Lyon" is not David Lyons
        rare = person and not ordinary and known.told_apart(word.word, person)
        inside = word.capital and word.boundary == 0
        clear = cue or inside or rare
        if ordinary or (word.word in known.first_names and not alone):
            clear = cue == 2 and word.capital
        if word.word in known.first_names and given and not alone:
            clear = cue == 2
        meaning = known.phrases.meanings.get(word.word)
        if meaning and meaning.wishes and cue < 2:
            return  # "a Disney musical"
        if person and clear and (single or (rare and not (behind and behind.capital))):
            self._add(first, position + 1, person)
        elif not ordinary and (cue == 2 or (behind and word.word in known.first_names)):
            self._misspelt(position, cue)

    def _misspelt(self, position: int, cue: int) -> None:
        words, known, end = self._words, self._known, position + 1
        while end < len(words) and end - position < _LONGEST_NAME and not words[end].boundary:
            usual = known.ordinary(words[end].word) and not (words[end].capital and words[position].capital)
            if usual or self._taken[end]:
                break
            end += 1
        folded, capital = [word.word for word in words[position:end]], words[position].capital
        phrases = known.phrases.meanings
        if self._guesses >= _MOST or (len(folded) < 2 and cue < 2) or " ".join(folded[:2]) in phrases:
            return
        self._guesses += 1
        person = known.person_like(folded)
        if person is None and len(folded) > 1 and folded[0] not in known.first_names and not capital:
            person, end = known.person_like(folded[:1]), position + 1
        if person:
            self._add(position, end, person)
        elif cue == 2 or self._cue(position, end) == 2:
            agent = self._word(position - 1) in word_class("directing") | {"starring", "actor", "actress"}
            if (end - position > 1 and (capital or folded[0] in known.first_names)) or agent:
                self.unknown.append((position, end))
                self._taken[position:end] = [True] * (end - position)

    def _add(self, first: int, end: int, person: Person) -> None:
        near = {self._word(position) for position in range(max(0, first - _NEAR), first)}
        facet, behind = person.facets[0], self._next(end)
        near |= {behind.word} & word_class("directing") if behind else set()
        acting = bool(near & word_class("performing"))
        if "directors" in person.facets and near & word_class("directing") and not acting:
            facet = "directors"
        elif "cast" in person.facets and acting:
            facet = "cast"
        elif self._word(first - 1) == "by" and near & {"directed", "direct"}:
            self.unknown.append((first, end))  # who has directed nothing that the catalog holds
            self._taken[first:end] = [True] * (end - first)
            return
        self.hits.append(Hit(first, end, (Wish(facet, (person.name,)),), "person"))
        self._taken[first:end] = [True] * (end - first)
