"""Titles as single tokens of a vocabulary: what is added to a tokenizer so that it reads an item at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safecrs.catalog import split_label

if TYPE_CHECKING:
    from tokenizers import AddedToken

# Ordinary tokens, not special ones: decoding must keep them, or a completion could not be parsed.
MARKERS = ("<reasoning>", "</reasoning>", "<solution>", "</solution>")
_LONG_WORD = 6  # letters: "Memento" is a title, "Up" and "Heat" may be ordinary words


def title_tokens(labels: Sequence[str], phrases: Sequence[str] = ()) -> list[AddedToken]:
    """Tokens for the markers of an answer, ``phrases``, every label, and every title that needs no year.

    Labels that a byte-level tokenizer could not give back stay spelled out.
    """
    from tokenizers import AddedToken

    whole = [label for label in dict.fromkeys(labels) if label.strip() == label and _survives(label)]
    tokens = [AddedToken(text, special=False, normalized=False) for text in (*MARKERS, *phrases, *whole)]
    return tokens + [AddedToken(title, single_word=True, normalized=False) for title in bare_titles(whole)]


def bare_titles(labels: Sequence[str]) -> dict[str, int]:
    """Titles that one label alone has and that read like a title without the year → the label's position.

    People leave the year out.
    """
    found: dict[str, list[int]] = {}
    for position, label in enumerate(labels):
        title, year = split_label(label)
        if year is not None and (" " in title or len(title) >= _LONG_WORD) and _survives(title):
            found.setdefault(title, []).append(position)
    return {title: positions[0] for title, positions in found.items() if len(positions) == 1}


def _survives(label: str) -> bool:
    """Whether the byte-level decoder gives back the label: one word with an accent reads as raw bytes."""
    return bool(label) and (label.isascii() or " " in label)
