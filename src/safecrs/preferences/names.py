"""People, items and series that a message names."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

from safecrs.catalog import Catalog, find_mentions
from safecrs.preferences.base import Role
from safecrs.preferences.gazetteer import Gazetteer
from safecrs.preferences.lexicon import Phrases, phrase_kinds, word_class
from safecrs.preferences.people import QUOTES, People
from safecrs.preferences.scope import NOUNS
from safecrs.preferences.words import Word, key_of

_SMALL = word_class("small")
_NO_TITLE = word_class("no_title")
_STOPS = word_class("stops")
_LEADING = word_class("leading")
_OPENING = word_class("opening")
_KINDS = frozenset(["movy", "film", "flick", "game", "special"])
_LOOK = 7
_LONGEST = 8
_MAX_GUESSES = 6
"""Misspelt names and titles that are looked up in one message: a bound that keeps long texts linear."""
_RANKED = ("barred", "unseen", "disliked", "liked", "more", "seen")
_QUOTED = re.compile(r"[\"“«*_]([^\"“”«»*_\n]{1,60})[\"”»*_]")
_DATED = re.compile(r"\(((?:19|20)\d\d)\)")


@dataclass(frozen=True, slots=True)
class Title:
    """Words ``first`` up to ``end`` name an item; ``row`` is −1 where the catalog lacks it."""

    first: int
    end: int
    row: int
    title: str
    role: Role | None
    barred: bool = False
    """Whether it is named as what is not wanted: "anything but Batman"."""


@cache
def _roles(behind: bool) -> Phrases[frozenset[str]]:
    return phrase_kinds("roles", "_after" if behind else "", "" if behind else "_after")


class Names:
    """The names of a message."""

    def __init__(
        self, text: str, words: Sequence[Word], taken: list[bool], known: Gazetteer, catalog: Catalog
    ) -> None:
        self._text, self._words, self._known, self._catalog = text, words, known, catalog
        self._starts = [word.start for word in words]
        self.taken = taken
        """For each word whether it belongs to a name (or is to be ignored)."""
        self._guesses = 0
        self._before: dict[int, str] = {}
        self._behind: dict[int, str] = {}
        """Roles that phrases give to what follows them, and to what they follow."""
        mentions = [
            (*self._range(mention.start, mention.end), mention.row)
            for mention in find_mentions(text, catalog)
        ]
        titles = {position for first, end, _ in mentions for position in range(first, end)}
        self.people = People(text, words, taken, known, titles)
        self._rows: list[tuple[int, int, int]] = []
        self.unmeant: set[int] = set()
        """Items whose titles are here other words."""
        for first, end, row in (*mentions, *self._shared_titles()):
            if self._is_wish(first, end):
                self.unmeant.add(row)
            elif not any(taken[first:end]):
                self._rows.append((first, end, row))
                taken[first:end] = [True] * (end - first)

    def _shared_titles(self) -> Iterator[tuple[int, int, int]]:
        """Titles of several items that are also a series' name and not said of the series: the best known."""
        words = self._words
        for first, end, meaning in self._known.phrases.find(words, self.taken):
            if meaning.kind == "series" and words[end - 1].capital and not self._is_wish(first, end):
                before = words[first - 1].plain if first else ""
                row = self._row(self._text[words[first].start : words[end - 1].end], None)
                if row is not None and before not in word_class("before_series"):
                    yield first, end, row

    def _range(self, start: int, end: int) -> tuple[int, int]:
        first = max(0, bisect_left(self._starts, start + 1) - 1)
        return first, max(first + 1, bisect_left(self._starts, end))

    def _is_wish(self, first: int, end: int) -> bool:
        """Whether a title's words are here a theme or a series: "Halloween movies", "another Batman"."""
        words, text = self._words, self._text
        dated = end < len(words) and "(" in text[words[end - 1].end : words[end].start]
        if dated or text[max(0, words[first].start - 1) : words[first].start] in QUOTES:
            return False
        if end - first == 1 and words[first].plain in ("no", "not"):
            return True
        first += end - first > 1 and words[first].plain in ("a", "an", "the") and not words[first].capital
        key = " ".join(word.word for word in words[first:end])
        before = words[first - 1].word if first else ""
        meanings = self._known.phrases.meanings
        if before in ("from", "in", "to") and f"from {key}" in meanings:
            return True  # a place: "from Brazil"
        lead = words[first - 2].plain if first > 1 else ""
        if end - first == 1 and (
            (before in ("on", "this", "next", "last", "every") and key in word_class("days"))
            or (before in ("to", "from", "near") and key in meanings)
            or (before == "in" and lead in word_class("dwelling"))
        ):
            return True  # "moved to Chicago", "on Friday"
        meaning = meanings.get(key)
        if meaning is None or not meaning.wishes:
            return False
        if end - first == 1 and meaning.wishes[0].facet in ("countries", "languages") and before != "the":
            return True
        behind = words[end].word if end < len(words) and not words[end].boundary else ""
        if meaning.kind == "series":
            return behind in word_class("series") or before in word_class("another") | {"except", "without"}
        if before == "for" and meaning.kind == "word":
            return True
        genre = meanings.get(behind)
        if genre and genre.wishes and genre.wishes[0].facet == "genres" and not words[first].capital:
            return True  # "a road trip comedy"
        return behind in _KINDS or (before in ("about", "no", "any") and meaning.kind == "word")

    def titles(self, hits: Sequence[bool]) -> list[Title]:
        """Items named and titles that the catalog lacks, with the roles that the words around give them."""
        found = [(first, end, row, self._catalog.title(row)) for first, end, row in self._rows]
        found += self._unknown(hits)
        found.sort()
        for _, end, kinds in _roles(False).find(self._words, self.taken):
            self._before[end] = next(kind for kind in _RANKED if kind in kinds)
        for first, _, kinds in _roles(True).find(self._words, self.taken):
            self._behind[first] = next(kind for kind in _RANKED if f"{kind}_after" in kinds)
        titles: list[Title] = []
        for number, (first, end, row, title) in enumerate(found):
            limit = found[number + 1][0] if number + 1 < len(found) else len(self._words)
            role = self._role(first, end, limit, titles)
            barred = role == "barred"
            if role != "unseen":
                said = "seen" if barred else role
                titles.append(Title(first, end, row, title, cast("Role | None", said), barred))
        return titles

    def _role(self, first: int, end: int, limit: int, titles: Sequence[Title]) -> str | None:
        """What is said of the item named from ``first``; ``limit``: where the next one begins."""
        words = self._words
        role: str | None = None
        if titles and self._listed(titles[-1].end, first):
            role = "barred" if titles[-1].barred else titles[-1].role
        else:
            for position in range(first, max(-1, first - _LOOK), -1):
                if position in self._before:
                    role = self._before[position]
                    break
                if position == 0 or words[position].boundary == 2 or (titles and position <= titles[-1].end):
                    break
        if role in (None, "seen", "liked"):
            crossed = 0
            for position in range(end, min(limit, end + _LOOK)):
                crossed += words[position].boundary == 2
                if crossed > 1:
                    break
                if position in self._behind and (
                    not crossed or words[position].plain in ("loved", "hated", "liked", "i")
                ):
                    return self._behind[position]
        return role

    def _listed(self, end: int, first: int) -> bool:
        """Whether only "and", "or" and commas are between two names."""
        return (
            first - end <= 2
            and all(word.word in ("and", "or", "the") for word in self._words[end:first])
            and (self._words[first].boundary < 2)
        )

    def _unknown(self, hits: Sequence[bool]) -> Iterator[tuple[int, int, int, str]]:
        words, text = self._words, self._text
        behind = {first for first, _, _ in _roles(True).find(words, self.taken)}
        for first, word in enumerate(words):
            if (
                word.boundary == 2
                and word.capital
                and first + 1 in behind
                and not (self.taken[first] or hits[first])
            ):
                row = self._catalog.resolve(text[word.start : word.end])
                if row is not None:  # one word that begins a sentence: "Superbad was great"
                    self.taken[first] = True
                    yield first, first + 1, row, self._catalog.title(row)
        for match in _QUOTED.finditer(text):
            first, end = self._range(match.start(1), match.end(1))
            inner = words[first:end]
            if inner and not any(self.taken[first:end]) and len(inner) <= _LONGEST and inner[0].capital:
                yield self._titled(first, end)
        for match in _DATED.finditer(text):
            end = bisect_left(self._starts, match.start())
            first = end
            while (
                first
                and end - first < _LONGEST
                and not self.taken[first - 1]
                and (
                    words[first - 1].capital
                    or words[first - 1].word in _SMALL
                    or words[first - 1].plain.isdecimal()
                )
                and (first == end or not words[first].boundary)
            ):
                first -= 1
            while first < end and not (words[first].capital or words[first].plain.isdecimal()):
                first += 1
            while first + 1 < end and words[first].boundary == 2 and words[first].plain in _OPENING:
                first += 1
            if first < end:
                yield self._titled(first, end, int(match[1]))
        for first, end, kinds in _roles(False).find(words, self.taken):
            if end >= len(words) or words[end].boundary or self.taken[end] or kinds <= {"unseen"}:
                continue
            alike = "more" in kinds
            if (
                alike
                and words[first].plain in ("after", "think", "more", "another", "meets", "a", "such", "based")
                and not words[end].capital
            ):
                continue
            if (
                alike
                and words[first].plain == "like"
                and first
                and words[first - 1].plain
                in ("i", "we", "id", "would", "feel", "you", "dont", "didnt", "not", "to", "looks", "sounds")
            ):
                continue
            yield from self._candidates(end, hits, alike)

    def _candidates(
        self, first: int, hits: Sequence[bool], alike: bool
    ) -> Iterator[tuple[int, int, int, str]]:
        """A title behind "like": a run of capitals, or in lower case words that nothing else explains."""
        words = self._words
        while True:
            end = first
            while (
                end < len(words)
                and end - first < 3
                and words[end].plain in _LEADING
                and not words[end].capital
            ):
                end += 1
            start = end
            capital = start < len(words) and words[start].capital
            while (
                end < len(words)
                and end - start < _LONGEST
                and (end == start or not words[end].boundary)
                and not self.taken[end]
            ):
                word = words[end]
                if capital and not (word.capital or word.word in _SMALL or word.plain.isdecimal()):
                    break
                if not capital and (word.plain in _STOPS or word.plain in ("and", "or")):
                    break
                end += 1
            while capital and end > start and words[end - 1].word in _SMALL and not words[end - 1].capital:
                end -= 1
            inner = words[start:end]
            if not inner or any(self.taken[start:end]) or (inner[0].plain in _NO_TITLE and not capital):
                return
            known = [
                hits[position] or self._known.ordinary(word.word)
                for position, word in enumerate(inner, start)
            ]
            told = all(hits[start:end]) or (len(inner) == 1 and known[0])
            fine = (
                not told
                if capital
                else (alike and len(inner) <= 4 and not any(hits[start:end]) and not all(known))
            )
            if inner[0].word in NOUNS or (
                capital and inner[0].plain in ("i", "im", "netflix", "hbo", "disney", "bollywood")
            ):
                fine = False
            if not fine:
                return
            yield self._titled(
                first
                if words[first].plain == "the" and start == first + 1 and words[start].plain != "the"
                else start,
                end,
            )
            if end + 1 < len(words) and words[end].plain in ("and", "or") and not words[end].boundary:
                first = end + 1
            elif end < len(words) and words[end].boundary == 1 and words[end].capital:
                first = end
            else:
                return

    def _titled(self, first: int, end: int, year: int | None = None) -> tuple[int, int, int, str]:
        written = self._text[self._words[first].start : self._words[end - 1].end]
        self.taken[first:end] = [True] * (end - first)
        if self._guesses < _MAX_GUESSES:
            self._guesses += 1
            near = self._known.title_like(written)
            row = self._row(near, year) if near and _digits(near) == _digits(written) else None
            if row is not None:
                return first, end, row, self._catalog.title(row)
            values = self._known.phrases.meanings.get(key_of(written))
            if (
                year is None
                and values
                and values.kind == "series"
                and (of := self._first_of(values.wishes[0].values)) is not None
            ):
                return first, end, of, self._catalog.title(of)
        return first, end, -1, written

    def _row(self, title: str, year: int | None) -> int | None:
        """The item of this title; without a year the best known of several."""
        row = self._catalog.resolve(title, year)
        if row is None and year is None:
            popularity = self._catalog.facets.popularity
            return max(self._catalog.same_title(title), key=lambda row: float(popularity[row]), default=None)
        return row

    def _first_of(self, series: Sequence[str]) -> int | None:
        """The item that begins a series."""
        facets = self._catalog.facets
        rows = [row for name in series for row in facets.lists["series"].rows_with(name).tolist()]
        return next((row for row in rows if (series[0], 1) in facets.series(row)), None)


def _digits(title: str) -> str:
    return "".join(filter(str.isdecimal, title))
