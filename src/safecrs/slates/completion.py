"""Lists of recommendations in text: read from whatever a model answered."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from safecrs.slates.base import Ref

# Every pattern is linear: it either cannot fail once it has begun, or is bounded in length.
_OPEN = re.compile(r"<solution>", re.IGNORECASE)
_CLOSE = re.compile(r"</solution>", re.IGNORECASE)
_REASONED = re.compile(r"</reasoning>", re.IGNORECASE)
_YEAR = re.compile(r"[(（]\s{0,2}((?:1[89]|20)[0-9]{2})\s{0,2}[)）]")
_HEADER = re.compile(r"#{1,6}\s")
_BULLETS = re.compile(r"(?:[-*•–—·>#|+●▪◦]{1,4}\s+)+")
_NUMBER = re.compile(
    r"(?:\*\*|__)?[0-9]{1,3}(?:\s?[.)](?:\*\*|__)?(?=\s|[^\W\d_])|[、．]|\s[-–—|](?=\s))\s*"  # 1. 1) 1、 1 -
)
_JOINT = re.compile(r"[\s*_\"'”’»]*(?P<mark>[,;/|&+•·、，]|and\b)?\s*(?:and\b|&)?\s*")
_DASH = re.compile(r"\s[-–—]$")
_QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "*": "*", "_": "_", "`": "`"}
_MAX_TITLE = 300
_MAX_WORDS = 12


class LocatedItem(NamedTuple):
    """A recommended item and where its text lies: ``start`` of its line, ``end`` of its year (or line)."""

    ref: Ref
    start: int
    end: int


def parse_slate(text: str) -> list[Ref]:
    """The (title, year) pairs a completion recommends, in order, repeats included.

    Reads the first ``<solution>`` block when there is one (to the end of the text if it is never closed),
    else what follows ``</reasoning>``, else everything. A line names an item when it holds "Title (Year)";
    numbering, bullets, quotes, bold and whatever follows the year are dropped, and further titles on the
    line are read when they are listed, not told about ("A (1999), B (2001)", but not "A (1999), much like
    B (2001)"). A line without a year counts inside ``<solution>``, or when no line of the text has a year
    and the lines look like a list.

    Linear in the length of the text, and never raises: the text is untrusted.
    """
    return [item.ref for item in locate_slate(text)]


def locate_slate(text: str) -> list[LocatedItem]:
    """The items `parse_slate` reads, with the character positions that per-rank training credits."""
    opened = _OPEN.search(text)
    reasoned = None if opened else _REASONED.search(text)
    closed = _CLOSE.search(text, opened.end()) if opened else None
    start = opened.end() if opened else reasoned.end() if reasoned else 0
    lines: list[tuple[int, str]] = []
    for raw in text[start : closed.start() if closed else len(text)].split("\n"):
        if line := raw.strip():
            lines.append((start + raw.index(line), line))
        start += len(raw) + 1
    if opened:
        return [item for at, line in lines for item in _dated(line, at) or _undated(line, at)]
    dated = [item for at, line in lines for item in _dated(line, at)]
    return dated or [item for at, line in _bare_list(lines) for item in _undated(line, at)]


def _dated(line: str, at: int) -> list[LocatedItem]:
    """Every "Title (Year)" listed by the line that begins at character ``at``."""
    return [LocatedItem(ref, at, at + end) for ref, end in _listed(line)]


@lru_cache(maxsize=16384)  # a policy in training writes the same lines again and again
def _listed(line: str) -> tuple[tuple[Ref, int], ...]:
    """Every "Title (Year)" of a line, with the character at which its year ends."""
    found: list[tuple[Ref, int]] = []
    start = 0
    for match in _YEAR.finditer(line):
        before = line[start : match.start()]
        if start:
            joint = _JOINT.match(before)
            rest = _unmarked(before[joint.end() if joint else 0 :])
            listed = bool(joint and joint["mark"]) or rest[:1].isalnum()
            if not rest or not listed or rest.split(maxsplit=1)[0].islower():
                break  # a remark that mentions another film
            before = rest
        title = _title(_unmarked(before), line[match.end() : match.end() + 4])
        if title:
            found.append(((title, int(match[1])), match.end()))
        start = match.end()
    return tuple(found)


def _undated(line: str, at: int) -> list[LocatedItem]:
    """The line as a title without a year, unless it is a heading."""
    if _HEADER.match(line) or line.endswith(":") or line.startswith("<"):
        return []
    title = _title(_unmarked(line), "")
    return [LocatedItem((title, None), at, at + len(line))] if title else []


def _bare_list(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """The lines of a text without any year that can be titles: its list items, or all if all look so."""
    short = [(at, line) for at, line in lines if len(line.split(maxsplit=_MAX_WORDS)) <= _MAX_WORDS]
    marked = [(at, line) for at, line in short if _unmarked(line) != line]
    if marked:
        return marked
    plain = len(short) == len(lines) > 1 and not any(line.endswith((".", ":", "?")) for _, line in lines)
    return lines if plain else []


def _unmarked(text: str) -> str:
    """Without the bullets and the number that begin a list item."""
    text = text.strip()
    bullets = _BULLETS.match(text)
    if bullets:
        text = text[bullets.end() :]
    number = _NUMBER.match(text)
    return text[number.end() :].strip() if number else text


def _title(text: str, after: str) -> str:
    """Without the quotes or emphasis around it; ``after`` is what follows the year, where they may close."""
    if len(text) > _MAX_TITLE:
        return ""
    for _ in range(4):
        before = text
        text = text.removeprefix("**").removesuffix("**").removeprefix("__").removesuffix("__").strip()
        text = _DASH.sub("", text).rstrip()
        closing = _QUOTES.get(text[:1])
        inner = text[1:-1]
        if closing and len(text) > 2 and text.endswith(closing):
            if f"{closing} " not in inner and f" {text[0]}" not in inner:
                text = inner.strip()
        elif closing and after.startswith(closing):
            text, after = text[1:].strip(), after[1:]
        if text == before:
            break
    return text if text.strip("-*•–—·>|_\"'` ") else ""
