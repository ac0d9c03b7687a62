"""Read the response format that models are trained on (`template.py`) in one pass.

Answers of other models are read by `safecrs.slates.answers`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from safecrs.slates.base import Ref

# Every pattern is linear: it either cannot fail once it has begun, or is bounded in length.
_OPEN = re.compile(r"<solution>", re.IGNORECASE)
_CLOSE = re.compile(r"</solution>", re.IGNORECASE)
_REASONED = re.compile(r"</reasoning>", re.IGNORECASE)
_YEAR = re.compile(r"\(((?:1[89]|20)[0-9]{2})\)")
_MARK = re.compile(r"(?:[-*•#>]{1,4}\s+)?(?:[0-9]{1,3}[.)](?=\s|[^\W\d_])\s*)?")
_JOINT = re.compile(r"[\s*_\"']*(?P<mark>[,;/|&+•·]|and\b)?\s*(?:and\b|&)?\s*")


class LocatedItem(NamedTuple):
    """A recommended item and where its text lies: ``start`` of its line, ``end`` of its year (or line)."""

    ref: Ref
    start: int
    end: int


def parse_slate(text: str) -> list[Ref]:
    """The (title, year) pairs a completion recommends, in order, repeats included.

    Reads the first ``<solution>`` block (to the end of the text if it is not closed), else what follows
    ``</reasoning>``, else everything. A line names an item where it holds "Title (Year)"; list marks and what
    follows the year are dropped. Further titles on the line are read when they are listed ("A (1999), B
    (2001)"), not when they are told about ("A (1999), much like B (2001)"). A line without a year counts
    inside ``<solution>`` only.

    Linear in the length of the text, and never raises: the text is untrusted.
    """
    return [item.ref for item in locate_slate(text)]


def locate_slate(text: str) -> list[LocatedItem]:
    """The items `parse_slate` reads, with the character positions that per-rank training credits."""
    opened = _OPEN.search(text)
    begin = opened or _REASONED.search(text)
    closed = _CLOSE.search(text, opened.end()) if opened else None
    start = begin.end() if begin else 0
    items: list[LocatedItem] = []
    for raw in text[start : closed.start() if closed else len(text)].split("\n"):
        line = raw.strip()
        at = start + len(raw) - len(raw.lstrip())
        found = [LocatedItem(ref, at, at + end) for ref, end in _listed(line)]
        if opened and not found and not line.endswith(":") and not line.startswith("<"):
            title = _title(line)
            found = [LocatedItem((title, None), at, at + len(line))] if title else []
        items += found
        start += len(raw) + 1
    return items


@lru_cache(maxsize=16384)  # a model in training writes the same lines again and again
def _listed(line: str) -> tuple[tuple[Ref, int], ...]:
    """Every "Title (Year)" of a line, with the character at which its year ends."""
    found: list[tuple[Ref, int]] = []
    start = 0
    for match in _YEAR.finditer(line):
        before = line[start : match.start()]
        if start:
            joint = _JOINT.match(before)
            rest = before[joint.end() if joint else 0 :]
            listed = bool(joint and joint["mark"]) or rest[:1].isalnum()
            if not rest.strip() or not listed or rest.split(maxsplit=1)[0].islower():
                break  # a remark that mentions another item
            before = rest
        if title := _title(before):
            found.append(((title, int(match[1])), match.end()))
        start = match.end()
    return tuple(found)


def _title(text: str) -> str:
    """Without the mark of a list item before it; empty where it is no title."""
    title = _MARK.sub("", text, count=1).strip()
    return title if len(title) <= 300 and title.strip("-*•>|_\"'` ") else ""
