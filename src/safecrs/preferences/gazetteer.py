"""What the words of the lexicon and the names of a catalog mean for its items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, cast
from weakref import WeakKeyDictionary

import numpy as np
from rapidfuzz import fuzz, process

from safecrs.catalog import Catalog, Listed, ValueLists, normalize_title
from safecrs.preferences.base import Facet
from safecrs.preferences.lexicon import Entry, Phrases, Wish, entries, idioms, nicknames, ordinary_words
from safecrs.preferences.words import key_of, split_words

Kind = Literal["word", "theme", "series", "idiom"]
_DOMINANT = 2.5
"""A surname is that of the best known person if nobody else of that name is so many times less known."""
_WELL_KNOWN = 8.0
"""Popularity, summed over items, of somebody who is called by the first name."""
_SHORT_NAME = 4
_GIVEN = 5
"""How many times better known somebody is whose first name alone tells who is meant."""
_RESCUE: tuple[Listed, ...] = ("genres", "themes", "moods")
_ALIKE_NAME, _ALIKE_TITLE = 86.0, 90.0
_FREE = ("certificates", "countries", "languages", "years", "runtime", "fame", "audience", "text")
"""Facets whose values are the same in all catalogs."""
_YOUNG = {
    **dict.fromkeys(
        ("kids", "family"), ("MPA:G", "MPA:PG", "TV:TV-Y", "TV:TV-G", "ESRB:E", "PEGI:3", "PEGI:7")
    ),
    "teens": ("MPA:G", "MPA:PG", "MPA:PG-13", "TV:TV-PG", "ESRB:E", "ESRB:E10+", "ESRB:T", "PEGI:12"),
}
"""Certificates that say for whom an item is where its audience is not known."""
_CHILDREN = ("family", "children", "animation")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase asks for; ``weak``: only where it describes what is asked for."""

    wishes: tuple[Wish, ...]
    weak: bool = False
    kind: Kind = "word"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the catalog; ``facets`` are the columns that hold the name, the better known role first."""

    name: str
    facets: tuple[Listed, ...]
    weight: float


class Gazetteer:
    """The phrases, people and titles of one catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self._lists = catalog.facets.lists
        self._titles = [catalog.title(row) for row in range(len(catalog))]
        self._plots = [catalog.plot(row) for row in range(len(catalog))]
        self._lacking = _lacking(catalog)
        self._popularity = np.maximum(catalog.facets.popularity, 0.0) + 1.0
        self.phrases: Phrases[Meaning] = Phrases(self._meanings(entries(catalog.domain == "game")))
        self.people = Phrases(self._people())
        self._surnames = self._last_names()

    def _meanings(self, lexicon: Sequence[Entry]) -> dict[str, Meaning]:
        vocabulary: dict[Listed, dict[str, list[str]]] = {}
        for facet in _RESCUE:
            vocabulary[facet] = defaultdict(list)
            for value in self._lists[facet].vocabulary:
                vocabulary[facet][key_of(value)].append(value)
        series = _series(self._lists["series"])
        self.series = {
            key: Meaning((Wish("series", tuple(of)),), kind="series") for key, of in series.items()
        }
        found: dict[str, Meaning] = {
            key: Meaning((Wish(facet, tuple(values)),), weak=facet != "genres", kind="theme")
            for facet in reversed(_RESCUE)
            for key, values in vocabulary[facet].items()
            if key and (facet == "genres" or key.rpartition(" ")[2] not in ("film", "movy", "game"))
        }
        listed: dict[str, Meaning] = {}
        for entry in lexicon:
            wishes = tuple(self._resolved(entry, vocabulary, series))
            kind: Kind = "series" if entry.wishes[0].facet == "series" else "word"
            if not wishes and kind == "series":
                continue
            for key, weak in entry.phrases.items():
                before = listed.get(key)
                if before is None:
                    listed[key] = Meaning(wishes, weak, kind)
                elif len(wishes) == len(before.wishes) == 1 and wishes[0].facet == before.wishes[0].facet:
                    both = dict.fromkeys((*before.wishes[0].values, *wishes[0].values))
                    union = before.wishes[0]._replace(values=tuple(both))
                    listed[key] = Meaning((union,), before.weak and weak, kind)
        for key, values in series.items():
            weak = " " not in key
            listed.setdefault(key, Meaning((Wish("series", tuple(values)),), weak, "series"))
        return found | listed | dict.fromkeys(idioms() - listed.keys(), Meaning((), kind="idiom"))

    def _resolved(
        self,
        entry: Entry,
        vocabulary: Mapping[Listed, Mapping[str, list[str]]],
        series: Mapping[str, list[str]],
    ) -> Iterator[Wish]:
        """The wishes of an entry in the catalog's own values; without any of them, its words as a text."""
        some = False
        for wish in entry.wishes:
            if wish.facet == "audience" and "audience" in self._lacking:
                genres = [value for key in _CHILDREN for value in vocabulary["genres"].get(key, ())]
                if genres and {"kids", "family"} & set(wish.values):
                    yield Wish("genres", tuple(genres))
                    some = True
            elif wish.facet in _FREE:
                yield wish
                some = True
            elif wish.facet == "series":
                names = [value for name in wish.values for value in series.get(key_of(name), ())]
                if names:
                    yield Wish("series", tuple(names))
                return
            elif values := self._values(wish, entry, vocabulary[cast(Listed, wish.facet)]):
                yield wish._replace(values=values)
                some = True
        if some:
            return
        for facet in _RESCUE:
            values = tuple(value for key in entry.phrases for value in vocabulary[facet].get(key, ()))
            if values:
                yield Wish(facet, values)
                return
        yield Wish("text", (entry.name,))

    def meant(self, wish: Wish) -> Wish:
        """The wish in a facet that the catalog knows something of; a text where there is none."""
        if wish.facet not in self._lacking:
            return wish
        young = _YOUNG.get(wish.values[0], ()) if wish.facet == "audience" else ()
        known = tuple(value for value in young if value in self._lists["certificates"].numbers)
        return Wish("certificates", known) if known else Wish("text")

    def _values(self, wish: Wish, entry: Entry, vocabulary: Mapping[str, list[str]]) -> tuple[str, ...]:
        keys = [key_of(value) for value in wish.values]
        if len(entry.wishes) == 1 and wish.facet in ("genres", "themes") and len(keys) == 1:
            keys += entry.phrases
        return tuple(dict.fromkeys(value for key in keys for value in vocabulary.get(key, ())))

    def _people(self) -> dict[str, Person]:
        weights: dict[str, dict[Listed, float]] = {}
        facets: tuple[Listed, ...] = ("cast", "directors")
        for facet in facets:
            column = self._lists[facet]
            rows = np.repeat(self._popularity, np.diff(column.bounds))
            sums = np.bincount(column.ids, weights=rows, minlength=len(column.vocabulary))
            for name, weight in zip(column.vocabulary, sums.tolist(), strict=True):
                weights.setdefault(name, {})[facet] = weight
        people: dict[str, Person] = {}
        for name, roles in weights.items():
            order = tuple(sorted(roles, key=lambda facet: -roles[facet]))
            person = Person(name, order, sum(roles.values()))
            key = key_of(name)
            if key and (key not in people or people[key].weight < person.weight):
                people[key] = person
        known = [(key, people[name]) for key, name in nicknames() if name in people]
        return people | {key: person for key, person in known if key not in people}

    def _last_names(self) -> dict[str, Person]:
        """Last name, or only name, → the person that it means when it is said alone."""
        best: dict[str, tuple[Person, float]] = {}
        for key, person in self.people.meanings.items():
            last = key.rpartition(" ")[2] if not key.endswith((" jr", " sr")) else key.split()[-2]
            first, second = best.get(last, (person, 0.0))
            if first.weight < person.weight:
                best[last] = person, first.weight
            else:
                best[last] = first, max(second, person.weight if person is not first else 0.0)
        return {
            last: person
            for last, (person, second) in best.items()
            if len(last) > 2 and person.weight >= _DOMINANT * second
        }

    @cached_property
    def first_names(self) -> frozenset[str]:
        """First names of people, without those that are ordinary words."""
        keys = self.people.meanings
        return frozenset(key.partition(" ")[0] for key in keys if " " in key) - ordinary_words()

    @cached_property
    def _given(self) -> dict[str, Person]:
        """First names of one person only, who is well known."""
        named: dict[str, list[Person]] = defaultdict(list)
        for key, person in self.people.meanings.items():
            named[key.partition(" ")[0]].append(person)
        return {name: of[0] for name, of in named.items() if len(of) == 1 and of[0].weight >= _WELL_KNOWN}

    def told_apart(self, word: str, person: Person, given: bool = False) -> bool:
        """Whether a name alone says who is meant: a known person's, and no word of a plot or a title."""
        known = _WELL_KNOWN * (_GIVEN if given else 1)
        return len(word) > _SHORT_NAME and person.weight >= known and word not in self._spoken

    @cached_property
    def _spoken(self) -> frozenset[str]:
        """The words of plots that are written small, of titles, themes and series."""
        small = {word.word for word in split_words(" ".join(self._plots)) if not word.capital}
        themes = {value for value in self._lists["themes"].vocabulary if " " not in value}
        titles = (*self._titles, *self._lists["series"].vocabulary)
        return frozenset(small.union(map(key_of, themes), *(key_of(text).split() for text in titles)))

    def given(self, word: str) -> Person | None:
        """Whom a first name means when it is said alone."""
        return None if self.ordinary(word) else self._given.get(word)

    def surname(self, word: str) -> Person | None:
        """Whom a last name means when it is said alone."""
        return self._surnames.get(word)

    def ordinary(self, word: str) -> bool:
        """Whether a word is one that everybody uses."""
        return word in ordinary_words()

    @cached_property
    def _spellings(self) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, list[str]]]:
        """Full names, last names and titles by their first letter."""
        names, lasts, titles = (defaultdict[str, list[str]](list) for _ in range(3))
        for key in self.people.meanings:
            names[key[0]].append(key)
        for last in self._surnames:
            lasts[last[0]].append(last)
        for title in map(normalize_title, self._titles):
            titles[title[:1]].append(title)
        return names, lasts, titles

    def person_like(self, words: Sequence[str]) -> Person | None:
        """Whom misspelt folded words most likely name: a full name, or one long last name."""
        names, lasts, _ = self._spellings
        key = " ".join(words)
        if len(words) > 1:
            near = _nearest(key, names[key[0]], _ALIKE_NAME)
            return self.people.meanings[near] if near else None
        near = _nearest(key, lasts[key[0]], _ALIKE_NAME) if len(key) > 5 else None
        return self._surnames[near] if near else None

    def title_like(self, title: str) -> str | None:
        """The title of the catalog that a misspelt one most likely is, in its normal form."""
        key = normalize_title(title[:80])
        return _nearest(key, self._spellings[2][key[:1]], _ALIKE_TITLE) if len(key) > 5 else None


def gazetteer_of(catalog: Catalog) -> Gazetteer:
    """The catalog's gazetteer, built once for as long as the catalog lives."""
    known = _BUILT.get(catalog)
    if known is None:
        known = _BUILT[catalog] = Gazetteer(catalog)
    return known


_BUILT: WeakKeyDictionary[Catalog, Gazetteer] = WeakKeyDictionary()


def _lacking(catalog: Catalog) -> frozenset[Facet]:
    """Facets that nothing is known of for any item."""
    facets = catalog.facets
    some: dict[Facet, bool] = {
        "runtime": bool(facets.runtime.any()),
        "fame": bool((facets.popularity >= 0).any()),
        "audience": any(facets.texts("audience")),
    }
    listed: tuple[Listed, ...] = ("countries", "languages", "certificates")
    some |= {name: len(facets.lists[name].vocabulary) > 0 for name in listed}
    return frozenset(facet for facet, known in some.items() if not known)


def _nearest(key: str, names: Sequence[str], cutoff: float) -> str | None:
    found = process.extractOne(key, names, scorer=fuzz.ratio, score_cutoff=cutoff)
    return found[0] if found else None


def _series(column: ValueLists) -> dict[str, list[str]]:
    """What series are called, without brackets, and with and without their article → their values."""
    found: dict[str, list[str]] = defaultdict(list)
    for value in column.vocabulary:
        key = key_of(value.partition("(")[0])
        for name in {key, key.removeprefix("the ")}:
            if name:
                found[name].append(value)
    return found
