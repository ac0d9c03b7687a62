"""The cue language: short word patterns, compiled into one automaton that reads a message in linear time.

A cue is a sequence of words: ``word*`` any ending, ``(a|b c)`` alternatives, ``x?`` optional, ``~`` up to 3
words of any kind, ``#`` a number, ``@name`` a word class. There is no other repetition, so a match is short.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from safecrs.detection.tokens import Token
from safecrs.errors import SafecrsError

_MAX_CACHED = 20_000
"""Transitions kept before the cache is emptied: a bound on memory whatever the messages are."""
_PART = re.compile(r"\(([^()]*)\)(\?)?|(~)|([#@\w]+\*?)(\?)?|(\S)")

Label = TypeVar("Label", bound=Hashable)
Classes = Mapping[str, frozenset[str]]
_Test = frozenset[str] | str
"""What one word must be: one of a set, or begin with a prefix; ``_NUMBER`` a number, ``_ANY`` anything."""
_NUMBER, _ANY = "#", ""
_Element = tuple[tuple[tuple[_Test, ...], ...], bool]
"""Alternatives, each a sequence of tests, and whether the element may be missing."""
_GAP: list[_Element] = [(((_ANY,),), True)] * 3
"""A ``~``: up to three words of any kind."""


@dataclass(frozen=True, slots=True)
class Match(Generic[Label]):
    """Tokens ``start`` up to ``end`` fit a cue that carries ``label``."""

    start: int
    end: int
    label: Label


def leftmost_longest(matches: Iterable[Match[Label]]) -> list[Match[Label]]:
    """Matches that do not overlap: from the left the longest, of equals the one whose label came first."""
    kept: list[Match[Label]] = []
    for match in sorted(matches, key=lambda match: (match.start, -match.end)):
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
    return kept


@dataclass(eq=False, slots=True)
class _Node(Generic[Label]):
    """A place in the trie of cues; ``skips`` are the places that need no further word."""

    children: dict[_Element, _Node[Label]] = field(default_factory=dict)
    edges: dict[int, list[_Node[Label]]] = field(default_factory=lambda: defaultdict(list))
    labels: list[Label] = field(default_factory=list)
    skips: list[_Node[Label]] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class _State(Generic[Label]):
    """The places that the words read so far may lead to, and the known next states by symbol."""

    nodes: frozenset[_Node[Label]]
    labels: tuple[Label, ...]
    next: dict[frozenset[int], _State[Label]] = field(default_factory=dict)


class CueMatcher(Generic[Label]):
    """Finds every place where one of many cues begins.

    Cues share a trie; its deterministic automaton is built lazily, so frequent words cost one look-up each.
    """

    def __init__(self, cues: Iterable[tuple[str, Label]], classes: Classes) -> None:
        self._tests: dict[_Test, int] = {_ANY: 0}
        self._rank: dict[Label, int] = {}
        self._states: dict[frozenset[_Node[Label]], _State[Label]] = {}
        self._cached = 0
        root: _Node[Label] = _Node()
        for cue, label in cues:
            self._rank.setdefault(label, len(self._rank))
            self._add(root, _parse(cue, classes), label)
        self._prefixes: dict[str, list[tuple[str, int]]] = defaultdict(list)
        listed: dict[str, set[int]] = defaultdict(set)
        for test, number in self._tests.items():
            if isinstance(test, frozenset):
                for word in test:
                    listed[word].add(number)
            elif test not in (_NUMBER, _ANY):
                self._prefixes[test[:3]].append((test, number))
        self._symbols = {word: self._unlisted(word) | tests for word, tests in listed.items()}
        self._start = self._state([root])

    def find(self, tokens: Sequence[Token]) -> list[Match[Label]]:
        """The longest match of each label at each position, in order of position."""
        found: list[Match[Label]] = []
        words = {token.word for token in tokens}
        symbol_of = {word: self._symbols.get(word) or self._unlisted(word) for word in words}
        symbols = [symbol_of[token.word] for token in tokens]
        stops = [token.boundary == 2 for token in tokens[1:]] + [True]
        for start in range(len(tokens)):
            state = self._start
            best: dict[Label, int] = {}
            for position in range(start, len(tokens)):
                state = state.next.get(symbols[position]) or self._step(state, symbols[position])
                for label in state.labels:
                    best[label] = position + 1
                if stops[position] or not state.nodes:
                    break
            if best:
                found += [
                    Match(start, best[label], label) for label in sorted(best, key=self._rank.__getitem__)
                ]
        return found

    def _add(self, node: _Node[Label], elements: Iterable[_Element], label: Label) -> None:
        for element in elements:
            options, optional = element
            if element not in node.children:
                child = node.children[element] = _Node()
                for option in options:
                    place = node
                    for position, test in enumerate(option, start=1):
                        after = child if position == len(option) else _Node[Label]()
                        place.edges[self._tests.setdefault(test, len(self._tests))].append(after)
                        place = after
                if optional:
                    node.skips.append(child)
            node = node.children[element]
        node.labels.append(label)

    def _unlisted(self, word: str) -> frozenset[int]:
        """The tests that a word passes whether or not a cue lists it."""
        passed = [number for prefix, number in self._prefixes.get(word[:3], ()) if word.startswith(prefix)]
        if _NUMBER in self._tests and word.isdecimal():
            passed.append(self._tests[_NUMBER])
        return frozenset([0, *passed])

    def _step(self, state: _State[Label], symbol: frozenset[int]) -> _State[Label]:
        if self._cached >= _MAX_CACHED:
            self._states.clear()
            self._start.next.clear()
            self._cached = 0
        self._cached += 1
        state.next[symbol] = self._state(
            [
                child
                for node in state.nodes
                for test in node.edges.keys() & symbol
                for child in node.edges[test]
            ]
        )
        return state.next[symbol]

    def _state(self, nodes: list[_Node[Label]]) -> _State[Label]:
        for node in nodes:  # grows while it is read
            nodes += node.skips
        key = frozenset(nodes)
        if key not in self._states:
            self._states[key] = _State(key, tuple({label for node in key for label in node.labels}))
        return self._states[key]


def _parse(cue: str, classes: Classes) -> list[_Element]:
    elements: list[_Element] = []
    for part in _PART.finditer(cue):
        group, group_optional, gap, word, word_optional, other = part.groups()
        if other:
            raise SafecrsError(f"The cue {cue!r} is not understood near {cue[part.start() :][:20]!r}.")
        if gap:
            elements += _GAP
            continue
        texts = [word] if word else group.split("|")
        options = [tuple(_test(single, cue, classes) for single in text.split()) for text in texts]
        if not all(options):
            raise SafecrsError(f"The cue {cue!r} holds an empty alternative.")
        plain = [option[0] for option in options if len(option) == 1 and isinstance(option[0], frozenset)]
        rest = [option for option in options if len(option) > 1 or isinstance(option[0], str)]
        if plain:
            rest.append((frozenset().union(*plain),))
        elements.append((tuple(rest), bool(group_optional or word_optional)))
    first = next((number for number, (_, optional) in enumerate(elements) if not optional), None)
    if first is None or _GAP[0] in elements[:first]:
        raise SafecrsError(f"The cue {cue!r} must begin with words, not with a gap or with options only.")
    return elements


def _test(text: str, cue: str, classes: Classes) -> _Test:
    if text == _NUMBER:
        return _NUMBER
    if text.startswith("@") and text[1:] in classes:
        return classes[text[1:]]
    stem = text.removesuffix("*")
    if not stem.replace("_", "").isalnum() or stem != stem.lower() or (stem != text and len(stem) < 3):
        raise SafecrsError(
            f"The cue {cue!r}: {text!r} is neither a word class nor a plain lower-case word; before '*' "
            "write at least three letters."
        )
    return frozenset({text}) if stem == text else stem
