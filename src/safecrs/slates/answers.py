"""Recommendations in the answers of any language model: lists, tables, JSON and prose."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any, NamedTuple

from markdown_it import MarkdownIt

from safecrs.catalog import Catalog, find_mentions, split_label
from safecrs.slates.grammar import (
    SPAN,
    AnswerItem,
    Source,
    blank,
    is_bare,
    read_line,
    skip_marks,
    source_of,
    year_in,
)
from safecrs.slates.prose import DETAIL, LEAD, OFF, heads_left_out, is_talk, read_prose

MAX_CHARACTERS = 65_536
_NAMES = r"(?:think|thinking|thoughts?|reasoning|analysis|reflection|scratchpad|seed:think)\s?>"
_THOUGHT_ENDS = (
    rf"(?:</{_NAMES}|\[/THINK\]|◁/think▷|<\|end_of_thought\|>|<\|channel\|>\s?final(?:<\|message\|>)?)"
)
_THOUGHT = re.compile(
    rf"(?:<{_NAMES}|\[THINK\]|◁think▷|<\|begin_of_thought\|>|<\|channel\|>\s?(?:analysis|commentary))"
    rf".*?(?:{_THOUGHT_ENDS}|(?=<solution>)|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_UNOPENED = re.compile(rf"\A.*{_THOUGHT_ENDS}", re.IGNORECASE | re.DOTALL)
_OUTSIDE = re.compile(r"\A.*?<solution>|</solution>.*\Z", re.IGNORECASE | re.DOTALL)
_PLAIN = re.compile(
    r"(?:[1-9][0-9]?[.)] )?([^\W_a-z](?:[\w '’&,!:]|(?<=[^\W\d_])\.|(?<=\w)-(?=\w)){0,90})"
    r" \(((?:1[89]|20)[0-9]{2})\)"
)
_NOT_PLAIN = re.compile(
    r"\b(?:cut|edition|version|directed|starring)\b|dir\.|\bmin\b|[:,] ?$|_|  ", re.IGNORECASE
)
_TITLE_KEYS = ("title", "name", "movie", "film", "movie_title", "film_title", "game", "item")
_YEAR_KEYS = ("year", "release_year", "released", "release_date", "date", "releaseyear")
_LIST_KEY = re.compile(
    r".{0,40}(?:titles?|movies?|films?|games?|recommend\w*|suggest\w*|items?|picks?|lists?|slate|results?|"
    r"answer|solution|data|output|response|ranking|top\w*|\d+)$|$"
)
_MUTED_KEY = re.compile(
    r"avoid|exclu|reject|skip|remov|left_?out|think|reason|analysis|draft|liked|seen|watched|history|user|"
    r"input|similar|cast|crew|genre|director"
)
_JSON_START = re.compile(r"[{\[](?=\s{0,200}[\"{\[])")
_JSON_PAIR = re.compile(
    r'"(?:title|name|movie|film)"\s{0,5}:\s{0,5}"((?:[^"\\\n]|\\.){1,300})"'
    r'(?:[^{}]{0,300}?"(?:release_)?year"\s{0,5}:\s{0,5}"?(\d{4}))?',
    re.IGNORECASE,
)
_MAX_STARTS = 200
_MAX_PROSE = 16_384
"""Characters in which titles are sought that neither a list nor a year nor a mark shows."""
_TITLE_HEAD = re.compile(
    r"title|movie|film|name|show|game|recommendation|pick|tit[eo]l|título|titre|название|作品|タイトル|片名|电影|"
    r"제목|영화",
    re.IGNORECASE,
)
_YEAR_HEAD = re.compile(r"year|jahr|año|ano|année|anno|год|年|연도|released?", re.IGNORECASE)
_YEAR_LINE = re.compile(
    r"\W{0,6}(?:(?:release\s)?year|released?(?:\sdate|\sin|\son)?)\W{1,8}(.{0,40})", re.IGNORECASE
)
_MARKDOWN = MarkdownIt("zero", {"maxNesting": 16}).enable(
    ["table", "fence", "blockquote", "hr", "list", "heading"]
)
_MARKDOWN.core.ruler.enableOnly(["block"])  # the grammar reads emphasis and links, in linear time
_HEADING, _NUMBERED, _BULLET, _BOLD, _LINE = range(5)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model's answer recommends, in order; ``truncated`` if its end was too far to be read."""

    items: tuple[AnswerItem, ...]
    truncated: bool = False


class _Line(NamedTuple):
    """A line that may name titles; ``depth`` is 0 outside lists."""

    kind: int
    depth: int
    words: str
    found: list[AnswerItem]
    muted: bool

    @property
    def dated(self) -> bool:
        return any(one.year for one in self.found)


def read_answer(text: str, catalog: Catalog | None = None) -> Answer:
    """The titles that a language model's answer recommends, in order.

    A list, a table or JSON wins over the prose around it; drafts in thinking blocks, titles that are told
    apart ("avoid …", "if you liked …"), headings, questions and refusals are left out. The catalog decides
    where a title without a year ends, and finds titles in prose. Linear in the length, and never raises: the
    text is untrusted. At most `MAX_CHARACTERS` characters are read.
    """
    read = text[:MAX_CHARACTERS]
    found = _plain_list(read)
    if found is None:
        reader = _Reader(read)
        found = reader.read()
        if catalog is not None and (reader.asked or reader.told):
            asked = list(reader.asked)
            held = frozenset(compress(asked, catalog.known_titles(asked).tolist()))
            found = _Reader(read, held, catalog).read() if held or reader.told else found
    if catalog is not None and found:
        rows = catalog.resolve_many([one.title for one in found], [one.year for one in found]).tolist()
        found = [one._replace(row=row) for one, row in zip(found, rows, strict=True)]
    return Answer(tuple(found), len(text) > MAX_CHARACTERS)


def _plain_list(text: str) -> list[AnswerItem] | None:
    """The reading of "Title (Year)" lines without any markup: what the parser gives too, but sooner."""
    found, at = [], 0
    for line in text.split("\n"):
        if line:
            match = _PLAIN.fullmatch(line)
            if not match or _NOT_PLAIN.search(match[1]) or not is_bare(line, match.start(1)):
                return None
            if LEAD.search(match[1]) or DETAIL.match(match[1]):
                return None
            found.append(AnswerItem(match[1], int(match[2]), at + match.start(1), at + len(line)))
        at += len(line) + 1
    return found


class _Reader:
    """One reading of a text; ``held`` are the titles that the catalog has, of those that a reading asked."""

    def __init__(self, text: str, held: frozenset[str] = frozenset(), catalog: Catalog | None = None) -> None:
        text = _UNOPENED.sub(blank, _THOUGHT.sub(blank, text))
        self.inside = "<solution>" in text.lower()
        self.source: Source = source_of(_OUTSIDE.sub(blank, text) if self.inside else text)
        self.held, self.catalog = held, catalog
        self.asked = set[str]()
        self.lines = list[_Line]()
        self.rows = list[AnswerItem]()
        self.told = list[tuple[int, int]]()
        self.muted = False

    @cached_property
    def mentions(self) -> list[AnswerItem]:
        """The titles of the catalog in the beginning of the text, wherever they stand."""
        plain = self.source.plain[:_MAX_PROSE]
        spans = [(one.start, one.end) for one in find_mentions(plain, self.catalog)] if self.catalog else []
        return [AnswerItem(*split_label(plain[start:end]), start, end) for start, end in spans]

    def known(self, title: str) -> bool:
        """Whether the catalog has an item of this title."""
        self.asked.add(title)
        return title in self.held

    def sure(self, found: list[AnswerItem]) -> bool:
        """Whether the first title counts by itself: in a ``<solution>``, or as one of the catalog."""
        return bool(found) and (self.inside or self.known(found[0].title))

    def read(self) -> list[AnswerItem]:
        """What the text recommends: by JSON, else by lists or tables, else by prose."""
        if found := list(_json(self.source.raw)):
            return found
        self._walk()
        listed = self._listed()
        listed = self.rows if len(self.rows) >= len(listed) else listed
        told = [] if listed else self.told
        for start, end in told:
            listed += read_prose(self.source, start, end, self.known, self.mentions)
        self.told = told
        return (
            list({(one.title.casefold(), one.year): one for one in listed[::-1]}.values())[::-1]
            if told
            else listed
        )

    def _walk(self) -> None:
        """Read the lines of the text by the structure that its Markdown gives."""
        raw = self.source.raw
        starts = [0, *(match.end() for match in re.finditer("\n", raw)), len(raw) + 1]
        table: list[list[tuple[int, int]]] = []
        heading = False
        for token in _MARKDOWN.parse(raw):
            heading = token.type == "heading_open" or (heading and token.type != "heading_close")
            if token.type == "tr_open":
                table.append([])
            elif token.type == "table_close":
                self._table(table)
                table = []
            elif table and token.type == "inline" and token.map:
                at, limit = (
                    table[-1][-1][1] if table[-1] else starts[token.map[0]],
                    starts[token.map[0] + 1] - 1,
                )
                at = max(at, raw.find(token.content, at, limit))
                table[-1].append((at, min(at + len(token.content), limit)))
            elif token.type in ("inline", "fence") and token.map:
                first, last = token.map
                for line in range(first + (token.type == "fence"), last):
                    self._line(starts[line], starts[line + 1] - 1, max(token.level - 2, 0), heading)
                self.told += [] if self.muted or heading else [(starts[first], starts[last] - 1)]

    def _line(self, start: int, end: int, depth: int, heading: bool) -> None:
        """Read one line, and note whether those under it are told to be left out."""
        plain = self.source.plain
        at, numbered = skip_marks(self.source.raw, start, end)
        words = plain[at:end].strip()
        year, last = _YEAR_LINE.match(words), self.lines[-1].found if self.lines else []
        if year and last and not last[-1].year:
            last[-1] = last[-1]._replace(year=year_in(year[1]))
        if not words or (year and last):
            return
        span = SPAN.match(self.source.raw, at, end)
        bold = span and not plain[span.end() : end].strip(" \t:.*_`")
        signs = (heading, numbered, self.source.raw[start:at].strip(), bold, True)
        kind = next(kind for kind, sign in enumerate(signs) if sign)
        found = self.titles(at, end, words, kind)
        ends = words.endswith((":", "："))
        dated = any(one.year for one in found)
        pure = dated and not any(map(str.isalnum, plain[found[-1].end : end]))
        if kind == _HEADING:
            found = found if dated or numbered else []
        elif kind in (_LINE, _BOLD) and not pure:
            short = len(words.split(maxsplit=9)) < 9 and (words[-1] not in ".?!" or self.sure(found))
            found = found if not ends and (short or kind == _BOLD) and not (dated and kind == _LINE) else []
            if depth:
                return  # it goes on with the item above
        if not depth and (ends or kind == _HEADING or (kind == _BOLD and not dated)):
            self.muted = heads_left_out(words)
        elif kind == _LINE and self.lines and self.lines[-1].kind in (_NUMBERED, _BULLET):
            self.muted = False
        self.lines.append(_Line(kind, 0 if pure and kind == _LINE else depth, words, found, self.muted))

    def titles(self, at: int, end: int, words: str, kind: int) -> list[AnswerItem]:
        """The titles of one line of a list; none where it is a remark, a question or a warning."""
        found = [] if DETAIL.match(words) else read_line(self.source, at, end, self.known)
        title, year = found[0][:2] if found else ("", None)
        if not found or (year is None and self.known(title)):
            return found
        asked = year and words.endswith("?") and is_talk(f"{title}?")
        if LEAD.search(title) or asked or (year and kind == _LINE and words[-1] in ".!?"):
            return [] if kind == _LINE else read_prose(self.source, at, end, self.known, self.mentions)
        if year is None and is_talk(words if kind == _LINE else title):
            return []
        return found[: -1 if OFF.match(self.source.plain, found[-1].end, end) else None]

    def _listed(self) -> list[AnswerItem]:
        """The titles of the lists: of the kinds of lines that give years, else of the first with any."""
        lines = [line for line in self._flat(self.lines) if not line.muted]
        plain = [line.kind == _LINE and bool(line.found) for line in lines]
        beside = [*plain[1:], False], [False, *plain]
        lines = [
            line
            for line, *near in zip(lines, *beside, strict=False)
            if line.found and (line.kind != _LINE or line.dated or any(near) or self.sure(line.found))
        ]
        kinds = {line.kind for line in lines if line.dated}
        if not kinds:
            certain = Counter(line.kind for line in lines if self.sure(line.found))
            kinds = {
                min((line.kind for line in lines), key=lambda kind: (-certain[kind], kind), default=_LINE)
            }
        return [one for line in lines if line.kind in kinds for one in line.found]

    def _flat(self, lines: list[_Line]) -> list[_Line]:
        """The lines without those inside of a title's, which tell about it, and without categories."""
        flat, place = list[_Line](), 0
        while place < len(lines):
            line, stop = lines[place], place + 1
            while line.depth and stop < len(lines) and lines[stop].depth > line.depth:
                stop += 1
            inner = self._flat(lines[place + 1 : stop])
            titles = [one for one in inner if one.found]
            category = not line.found or line.words.endswith((":", "：")) or any(one.dated for one in titles)
            if not titles or line.dated or not category or self.sure(line.found):
                flat.append(line)
            elif not (DETAIL.match(line.words) or heads_left_out(line.words)):
                flat += inner
            place = stop
        return flat

    def _table(self, table: list[list[tuple[int, int]]]) -> None:
        """Read a table: its head, or years in its cells, tell the column of titles."""
        raw, plain = self.source
        heads = [plain[at:to] for at, to in table[0]]
        column = next((place for place, head in enumerate(heads) if _TITLE_HEAD.search(head)), None)
        years = next(
            (place for place, head in enumerate(heads) if _YEAR_HEAD.search(head) and place != column), 99
        )
        for row in table[1:] if not self.muted else []:
            cells = row if column is None else row[column : column + 1]
            named = [
                self.titles(skip_marks(raw, *cell)[0], cell[1], plain[slice(*cell)], _BULLET)
                for cell in cells
            ]
            found = next((one for one in named if one and (column is not None or one[0].year)), [])
            if found and not found[0].year and years < len(row):
                found[0] = found[0]._replace(year=year_in(plain[slice(*row[years])]))
            self.rows += found


def _json(text: str) -> Iterator[AnswerItem]:
    """The titles of every JSON value in a text, in order; of a broken one those with a key that says so."""
    decoder, position, read = json.JSONDecoder(), 0, 0
    for _ in range(_MAX_STARTS):
        if not (start := _JSON_START.search(text, position)):
            break
        try:
            value, position = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            position = start.end()
            continue
        at, read = start.start(), position
        for title, year in _values(value, ""):
            for one in _string(text, title, year, at, position):
                at = one.end
                yield one
    for pair in _JSON_PAIR.finditer(text, read):
        yield from _string(text, pair[1], int(pair[2]) if pair[2] else None, pair.start(1), pair.end())


def _string(text: str, words: str, year: int | None, start: int, end: int) -> list[AnswerItem]:
    """The titles that a string of JSON names, and where the string lies in the text."""
    found = _Reader(words).titles(skip_marks(words, 0, len(words))[0], len(words), words, _BULLET)
    form = next((form for form in (words, json.dumps(words)[1:-1]) if text.find(form, start, end) >= 0), "")
    at = text.find(form, start, end)
    return [AnswerItem(one.title, one.year or year, at, at + len(form)) for one in found]


def _values(value: Any, key: str, depth: int = 0) -> Iterator[tuple[str, int | None]]:
    """Titles and years in a value of JSON that stands under ``key``."""
    fields = (
        {name.lower().replace(" ", "_"): one for name, one in value.items()}
        if isinstance(value, dict)
        else {}
    )
    title = next((fields[name] for name in _TITLE_KEYS if isinstance(fields.get(name), str)), None)
    year = next((year_in(str(fields[name])) for name in _YEAR_KEYS if name in fields), None)
    if depth > 12 or _MUTED_KEY.search(key):
        return
    if isinstance(value, str) and _LIST_KEY.match(key):
        yield value, None
    elif isinstance(value, list) and len(value) == 2 and isinstance(value[1], int) and year_in(str(value[1])):
        yield str(value[0]), value[1]
    elif title and year:
        yield title, year
    else:
        inner = [(key, one) for one in value] if isinstance(value, list) else fields.items()
        pairs = [pair for name, one in inner for pair in _values(one, name, depth + 1)]
        yield from pairs or ([(title, None)] if title else [])
