"""What a conversation asks for, by rules: each message is read, later ones refine and withdraw."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from statistics import median

from safecrs.catalog import Catalog, find_mentions
from safecrs.conversation import Conversation
from safecrs.preferences.base import Facet, Named, Preference, Preferences, Role
from safecrs.preferences.gazetteer import Gazetteer, gazetteer_of
from safecrs.preferences.reading import Reading, read_message
from safecrs.preferences.wishes import dated
from safecrs.preferences.words import key_of, split_words
from safecrs.taxonomy import Domain

_REPLACED = ("years", "runtime")
"""Facets of which the wish stated last holds."""
_TOGETHER = ("countries", "languages")
_WHOLE = ("genres", "moods", "themes", "text", "countries", "languages", "audience")
_CLEARED: dict[str, Facet] = {
    "any year": "years",
    "any era": "years",
    "any decade": "years",
    "any time period": "years",
    "any genre": "genres",
    "any country": "countries",
    "any language": "languages",
    "any length": "runtime",
}
"""What says that a facet does not matter any more."""
_STEP = 5
_MAX_SHOWN = 50
"""Items of an answer that are read; a bound that keeps long texts linear."""
_LISTED = re.compile(r"^[ \t]{0,8}(?:\d{1,2}[.)]|[-*•])[ \t]", re.MULTILINE)
_DATED = re.compile(r"\((?:19|20)\d\d\)")


def understand(
    messages: Conversation,
    catalog: Catalog,
    *,
    ignore: Sequence[tuple[int, int, int]] = (),
    today: int | None = None,
) -> Preferences:
    """The preferences that the user's messages state, in time linear in their length.

    Args:
        ignore: spans (message, start, end) that say something else, such as what the user cannot bear.
        today: the year that "recent" counts from; the present one by default.
    """
    year = date.today().year if today is None else today
    known = gazetteer_of(catalog)
    state = _State(catalog, known, year)
    shown = ""
    for number, message in enumerate(messages):
        if message.role == "assistant":
            shown = message.content
        elif message.role == "user":
            spans = [(start, end) for of, start, end in ignore if of == number]
            state.add(
                read_message(_without(message.content, spans), number, known, catalog, spans, year),
                message.content,
                number,
                shown,
            )
    return state.preferences()


def _without(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with sentences' ends in place of the spans: "no gore please, a comedy" denies no comedy."""
    for start, end in spans:
        text = f"{text[:start]}.{' ' * (end - start - 1)}{text[end:]}"
    return text


def question(preferences: Preferences, domain: Domain) -> str | None:
    """One neutral question where nothing of a request was understood."""
    if preferences.stated or any(item.row >= 0 for item in preferences.named):
        return None
    noun = "game" if domain == "game" else "film"
    verb = "play" if domain == "game" else "watch"
    return (
        f"Who is the {noun} for, what mood should it have, and is there anything you would rather not {verb}?"
    )


def _rows_shown(text: str, catalog: Catalog) -> list[int]:
    """The items that an answer lists, in its order; −1 for one that the catalog lacks."""
    mentions = find_mentions(text, catalog)
    bounds = [match.start() for match in _LISTED.finditer(text)]
    if len(bounds) > 1:  # one a line
        ends = [*bounds[1:], len(text)]
        return [
            next((mention.row for mention in mentions if start <= mention.start < end), -1)
            for start, end in zip(bounds[:_MAX_SHOWN], ends, strict=False)
        ]
    dated = [match.start() for match in _DATED.finditer(text)]
    if len(dated) > 1:
        return [
            next((one.row for one in mentions if one.start < at <= one.end + 1), -1)
            for at in dated[:_MAX_SHOWN]
        ]
    return list(dict.fromkeys(mention.row for mention in mentions))


class _State:
    """What is understood up to a message."""

    def __init__(self, catalog: Catalog, known: Gazetteer, today: int) -> None:
        self._catalog, self._known, self._today = catalog, known, today
        self.stated: list[Preference] = []
        self.named: dict[int | str, Named] = {}
        self.count: int | None = None
        self.left: tuple[str, ...] = ()
        self.unmeant: set[int] = set()

    def add(self, reading: Reading, text: str, number: int, shown: str) -> None:
        """Take in what the message says, after the assistant's last one (``shown``)."""
        if reading.anew:
            self.stated = [
                wish for wish in self.stated if wish.facet not in _WHOLE or wish.firmness == "never"
            ]
        self._clear(text)
        for gone in reading.withdrawn:
            values = set(gone.values)
            self.stated = [
                wish
                for wish in self.stated
                if wish.facet != gone.facet or (values and not values & set(wish.values))
            ]
        if shown and (reading.references or reading.shifts or reading.without):
            self._refer(reading, number, text, shown)
        elif reading.shifts:
            self._shift(reading, [title.row for title, _, _ in reading.titles if title.row >= 0])
        for wish in reading.wishes:
            self._state(self._of_shown(dated(wish, self._today), shown), reading.replaces)
        alike = any(title.role == "more" for title, _, _ in reading.titles)
        for title, start, end in reading.titles:
            role: Role = title.role or ("liked" if alike else "more")
            key: int | str = title.row if title.row >= 0 else title.title.casefold()
            self.named.pop(key, None)
            self.named[key] = Named(title.title, title.row, role, number, start, end)
        self.count = reading.count or self.count
        self.left = tuple(reading.not_understood)
        self.unmeant |= reading.unmeant

    def _clear(self, text: str) -> None:
        """Drop wishes about a facet that does not matter any more ("any year is fine")."""
        lower = text.lower()
        for said, facet in _CLEARED.items():
            if said in lower:
                self.stated = [wish for wish in self.stated if wish.facet != facet]

    def _state(self, wish: Preference, replaces: bool) -> None:
        """Add a wish; what it contradicts or replaces goes, an earlier one of its kind softens."""
        wanted = wish.firmness in ("must", "rather")
        kept: list[Preference] = []
        for old in self.stated:
            same, earlier = old.facet == wish.facet, old.message < wish.message
            opposite = wanted != (old.firmness in ("must", "rather"))
            if same and old.values and opposite and set(old.values) & set(wish.values):
                rest = tuple(value for value in old.values if value not in wish.values)
                if earlier and rest:
                    kept.append(replace(old, values=rest))
                elif not earlier:
                    kept.append(old)
                continue
            if (
                same
                and not earlier
                and old.values == wish.values
                and (old.low, old.high) == (wish.low, wish.high)
                and not opposite
            ):
                return  # said twice
            if earlier and wanted and not opposite:
                if same and (wish.facet in _REPLACED or (replaces and wish.facet not in ("moods", "themes"))):
                    continue
                if wish.facet in _TOGETHER and old.facet in _TOGETHER:
                    continue
                if same and wish.facet == "genres" and old.values != wish.values:
                    old = replace(old, firmness="rather")
                if same and old.values == wish.values and (old.low, old.high) == (wish.low, wish.high):
                    continue
            kept.append(old)
        self.stated = [*kept, wish]

    def _refer(self, reading: Reading, number: int, text: str, shown: str) -> None:
        rows = _rows_shown(shown, self._catalog)
        for place, role, start, end in reading.references:
            wanted = (
                rows
                if place is None
                else rows[place : place + 1 or None]
                if -len(rows) <= place < len(rows)
                else []
            )
            for row in (row for row in wanted if row >= 0):
                self.named.pop(row, None)
                self.named[row] = Named(self._catalog.title(row), row, role, number, start, end)
        self._shift(reading, [row for row in rows if row >= 0])
        if reading.without:
            self._without(number, text, shown)

    def _of_shown(self, wish: Preference, shown: str) -> Preference:
        """ "Anything but Ocean's" after an item of that name: its series."""
        if wish.firmness != "never" or not shown or wish.facet not in ("themes", "text"):
            return wish
        said = set(key_of(wish.text).split())
        for row in _rows_shown(shown, self._catalog):
            series = self._catalog.facets.lists["series"].of(row) if row >= 0 else ()
            if series and said <= set(key_of(" ".join((self._catalog.title(row), *series))).split()):
                return replace(wish, facet="series", values=series)
        return wish

    def _shift(self, reading: Reading, rows: Sequence[int]) -> None:
        """ "Older" or "shorter" than the list shown, or than what was asked for before."""
        for facet, way, wish in reading.shifts:
            column = self._catalog.years if facet == "years" else self._catalog.facets.runtime
            values = [int(column[row]) for row in rows if column[row] > 0]
            before = next((old for old in reversed(self.stated) if old.facet == facet), None)
            bound = before and (before.low if way < 0 else before.high)
            if bound:
                bound += way
            elif values:
                bound = int(median(values)) + way * (_STEP if facet == "years" else 10)
            elif facet == "years":
                bound = self._today - (30 if way < 0 else 10)
            else:
                bound = 100 if way < 0 else 130
            low, high = (None, bound) if way < 0 else (bound, None)
            self._state(replace(wish, low=low, high=high), False)

    def _without(self, number: int, text: str, shown: str) -> None:
        """Deny the people that were named last."""
        people = [
            wish for wish in self.stated if wish.facet in ("cast", "directors") and wish.firmness != "never"
        ]
        if people:
            last = people[-1]
        else:
            found = [person for *_, person in self._known.people.find(split_words(shown))]
            if not found:
                return
            last = Preference(found[-1].facets[0], (found[-1].name,))
        at = max(text.lower().find(word) for word in ("without", "no ", "not ", "except"))
        at = max(at, 0)
        self._state(
            replace(last, firmness="never", message=number, start=at, end=len(text), text=text[at:]), False
        )

    def preferences(self) -> Preferences:
        """What is understood in the end."""
        named = tuple(self.named.values())
        unmeant = frozenset(self.unmeant - {item.row for item in named})
        return Preferences(tuple(self.stated), named, self.count, self.left, unmeant)
