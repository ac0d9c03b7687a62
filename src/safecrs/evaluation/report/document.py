"""A report as headings, words, tables and pictures, written once and read as a page or as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from safecrs.evaluation.report.render import render

_INTERVAL = re.compile(r"^(.*\S) (\[.*\])$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Words:
    """One paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; ``key`` sets it off as what a hurried reader takes away."""

    lines: Sequence[str]
    key: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; the first cell names its row. A cell that ends in "[…]" ends in its interval.

    Attributes:
        words: columns (by position) that hold sentences and may be broken into lines.
        note: small print below.
        folded: the page shows it when asked to, as the numbers behind a picture.
    """

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: frozenset[int] = frozenset()
    note: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """An SVG element, which says itself in words what it shows, and a caption. Markdown leaves it out."""

    svg: str
    caption: str


Block = Words | Bullets | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and what is below it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Part:
    """A main heading, what stands right below it, and its sections."""

    title: str
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    lead: str
    parts: Sequence[Part] = field(default_factory=tuple)

    def html(self) -> str:
        """One self-contained page: it loads nothing, tables have heads and captions, pictures have words.

        Raises:
            SafecrsError: jinja2 is missing.
        """
        kinds = {"kind": lambda block: type(block).__name__, "split_interval": split_interval}
        return render("document.html.j2", kinds, document=self)

    def markdown(self) -> str:
        """The same as a text to read and to paste from, without the pictures."""
        lines = [f"# {self.title}", "", self.lead, ""]
        for part in self.parts:
            lines += [f"## {part.title}", "", *_lines(part.blocks)]
            for section in part.sections:
                lines += [f"### {section.title}", "", *_lines(section.blocks)]
        return "\n".join(lines).rstrip() + "\n"


def split_interval(cell: str) -> tuple[str, str]:
    """ "0.12 [0.10, 0.14]" → the value and its interval without brackets; ("…", "") when there is none."""
    found = _INTERVAL.match(cell)
    return (found[1], found[2][1:-1]) if found else (cell, "")


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Words):
            yield from (block.text, "")
        elif isinstance(block, Bullets):
            yield from (*(f"- {line}" for line in block.lines), "")
        elif isinstance(block, Table):
            yield from (f"{block.caption}:", "") if block.caption else ()
            yield _row(block.head)
            yield f"|{' --- |' * len(block.head)}"
            yield from (*map(_row, block.rows), "")
            yield from (block.note, "") if block.note else ()


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(' '.join(cell.replace('|', '/').split()) for cell in cells)} |"
