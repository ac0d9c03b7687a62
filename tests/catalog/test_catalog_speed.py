"""Time grows no faster than the text, whatever it holds."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from safecrs.catalog import Catalog, Item, find_mentions, normalize_title, split_label
from safecrs.catalog.canonical import canonical_title
from safecrs.catalog.normalize import short_titles, stated_name
from safecrs.oracle.oracle import load_starter

CATALOG = load_starter("film").catalog
LIMIT = 1.0  # seconds
SLACK = 0.03
PIECES = [
    " ",
    "a",
    "a ",
    "my ",
    "i ",
    "I ",
    "It ",
    "(",
    "()",
    "( ",
    "(1995 ",
    ") ",
    "[a] ",
    "(Uncut) ",
    ", ",
    ", the",
]
PIECES += [
    "&",
    "&amp;",
    "&#1;",
    "&#99999999;",
    "$",
    "A.B",
    "1,",
    "1,000",
    "1/2 ",
    "part 2 ",
    "two ",
    "\u0430a ",
    "½",
]
PIECES += [
    "\u0301\u0323",
    "\u200b",
    "\ufdfa",
    "Saw ",
    "Alien 3 ",
    "Star Wars: ",
    " - ",
    " or: ",
    "\n",
    "\ud800",
    "千",
]
PARSERS: dict[str, Callable[[str], object]] = {
    "normalize_title": normalize_title,
    "split_label": split_label,
    "canonical_title": canonical_title,
    "short_titles": short_titles,
    "stated_name": stated_name,
    "resolve": lambda text: CATALOG.resolve(text, 2000),
    "same_title": CATALOG.same_title,
    "search": CATALOG.search,
    "find_mentions": lambda text: find_mentions(text, CATALOG),
    "from_items": lambda text: Catalog.from_items([Item(f"x{text}".encode(errors="ignore").decode())]),
}


def seconds(parse: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    parse(text)
    return time.process_time() - start


def grows_slowly(parse: Callable[[str], object], text: str) -> bool:
    """Four times the text takes about four times as long; sixteen would be quadratic."""
    short, long = (seconds(parse, text[:size]) for size in (10_000, 40_000))
    return long <= min(7 * short + SLACK, LIMIT)


@pytest.mark.parametrize("name", PARSERS)
def test_time_grows_with_the_text(name: str) -> None:
    for piece in PIECES:
        text = piece * (40_000 // len(piece))
        assert any(grows_slowly(PARSERS[name], text) for _ in range(3)), piece


def test_a_label_of_spaces() -> None:
    assert split_label("x" + " " * 90_000 + "(1995") == ("x" + " " * 90_000 + "(1995", None)
    assert seconds(split_label, "x" + " " * 90_000 + "(1995") < 0.1


def test_a_message_of_small_words() -> None:
    for word in ("my ", "i "):
        assert seconds(PARSERS["find_mentions"], word * (50_000 // len(word))) < LIMIT
