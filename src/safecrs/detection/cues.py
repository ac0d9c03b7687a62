"""The cue language: short word patterns that a lexicon file can hold and that cost linear time to match.

A cue is a row of words; ``word*`` any ending, ``(a|b c)`` alternatives, ``x?`` optional, ``~`` up to three
words of any kind, ``#`` a number, ``@name`` a word class. There is no other repetition, so neither a lexicon
nor a message can make matching slow.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from safecrs.detection.tokens import Token
from safecrs.errors import SafecrsError

GAP = 3
"""How many words a ``~`` may stand for."""
_PART = re.compile(r"\(([^()]*)\)(\?)?|(~)|([#@\w]+\*?)(\?)?", re.UNICODE)

Label = TypeVar("Label")
Classes = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Word:
    words: frozenset[str]
    prefix: str = ""
    number: bool = False

    def fits(self, word: str) -> bool:
        if self.number:
            return word.isdecimal()
        return word.startswith(self.prefix) if self.prefix else word in self.words


@dataclass(frozen=True, slots=True)
class _Element:
    options: tuple[tuple[_Word, ...], ...]
    """Alternatives; none at all means a gap."""
    optional: bool


@dataclass(frozen=True, slots=True)
class Match(Generic[Label]):
    """Tokens ``start`` up to ``end`` fit a cue that carries ``label``."""

    start: int
    end: int
    label: Label


class CueMatcher(Generic[Label]):
    """Finds every place where one of many cues begins."""

    def __init__(self, cues: Iterable[tuple[str, Label]], classes: Classes) -> None:
        self._by_word: dict[str, list[tuple[tuple[_Element, ...], Label]]] = defaultdict(list)
        self._by_prefix: dict[str, list[tuple[str, tuple[_Element, ...], Label]]] = defaultdict(list)
        self._by_number: list[tuple[tuple[_Element, ...], Label]] = []
        for cue, label in cues:
            elements = _compile(cue, classes)
            for test in _first_words(cue, elements):
                if test.number:
                    self._by_number.append((elements, label))
                elif test.prefix:
                    self._by_prefix[test.prefix[:3]].append((test.prefix, elements, label))
                for word in test.words:
                    self._by_word[word].append((elements, label))

    def find(self, tokens: Sequence[Token]) -> list[Match[Label]]:
        """The longest match of each label at each position, in order of position."""
        found: list[Match[Label]] = []
        for start, token in enumerate(tokens):
            best: dict[Label, int] = {}
            for elements, label in self._candidates(token.word):
                end = _longest(elements, tokens, start)
                if end > max(start, best.get(label, 0)):
                    best[label] = end
            found.extend(Match(start, end, label) for label, end in best.items())
        return found

    def _candidates(self, word: str) -> Iterable[tuple[tuple[_Element, ...], Label]]:
        yield from self._by_word.get(word, ())
        for prefix, elements, label in self._by_prefix.get(word[:3], ()):
            if word.startswith(prefix):
                yield elements, label
        if self._by_number and word.isdecimal():
            yield from self._by_number


def _longest(elements: tuple[_Element, ...], tokens: Sequence[Token], start: int) -> int:
    """End of the longest match that begins at ``start``, or −1; a set of ends, so no backtracking."""
    ends = {start}
    for element in elements:
        after: set[int] = set(ends) if element.optional else set()
        for end in ends:
            if not element.options:
                reach = end
                after.add(end)
                while reach < len(tokens) and reach - end < GAP and tokens[reach].boundary < 2:
                    reach += 1
                    after.add(reach)
                continue
            for option in element.options:
                stop = end + len(option)
                if stop <= len(tokens) and all(
                    test.fits(tokens[end + i].word) and (end + i == start or tokens[end + i].boundary < 2)
                    for i, test in enumerate(option)
                ):
                    after.add(stop)
        if not after:
            return -1
        ends = after
    return max(ends)


def _compile(cue: str, classes: Classes) -> tuple[_Element, ...]:
    elements: list[_Element] = []
    position = 0
    for part in _PART.finditer(cue):
        if cue[position : part.start()].strip():
            raise SafecrsError(f"The cue {cue!r} is not understood near {cue[position:][:20]!r}.")
        position = part.end()
        group, group_optional, gap, word, word_optional = part.groups()
        if gap:
            elements.append(_Element((), optional=True))
            continue
        texts = [word] if word else [option.strip() for option in group.split("|")]
        options = tuple(
            tuple(_word(single, cue, classes) for single in text.split()) for text in texts if text
        )
        if not options or len(options) != len(texts):
            raise SafecrsError(f"The cue {cue!r} holds an empty alternative.")
        elements.append(_Element(options, optional=bool(group_optional or word_optional)))
    if cue[position:].strip():
        raise SafecrsError(f"The cue {cue!r} is not understood near {cue[position:][:20]!r}.")
    return tuple(elements)


def _word(text: str, cue: str, classes: Classes) -> _Word:
    if text == "#":
        return _Word(frozenset(), number=True)
    if text.startswith("@"):
        if text[1:] not in classes:
            raise SafecrsError(f"The cue {cue!r} names an unknown word class {text!r}.")
        return _Word(classes[text[1:]])
    if text.endswith("*"):
        if len(text) < 4:
            raise SafecrsError(f"The cue {cue!r}: write at least three letters before '*'.")
        return _Word(frozenset(), prefix=text[:-1])
    if not text.replace("_", "").isalnum() or text != text.lower():
        raise SafecrsError(f"The cue {cue!r}: {text!r} is not a plain lower-case word.")
    return _Word(frozenset({text}))


def _first_words(cue: str, elements: tuple[_Element, ...]) -> list[_Word]:
    first: list[_Word] = []
    for element in elements:
        if not element.options:
            break
        first += [option[0] for option in element.options]
        if not element.optional:
            return first
    raise SafecrsError(f"The cue {cue!r} must begin with words, not with a gap or with options only.")
