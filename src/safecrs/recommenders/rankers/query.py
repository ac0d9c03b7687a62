"""What the parts of a ranking read of a request."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog, find_mentions
from safecrs.conversation import Message
from safecrs.preferences import Preferences
from safecrs.slates.base import Request

Rows = NDArray[np.int64]
_WORD = re.compile(r"[^\W\d_]{2,}")
_LATEST = 2  # named items that count as the latest
# Stop words, also those of asking for films; splitting at apostrophes leaves "ll", "re", "ve".
_STOP_WORDS = """
a about after again all also am an and any anything are as at be been but by bye can could day did do does
don down else enjoyed ever film films for from game games get give go going good great had has have haven
heard hello here hey hi him his her how i if im in into is it its ive just kind know let like liked ll lol
look looking lot love loved maybe me more movie movies much my need no not of oh ok okay on one or other our
out please prefer pretty re really recommend right saw see seen she should similar so some something sound
suggest sure tell than thank thing think that the their them then there these they this those to too try
type up us ve very want was watch watched way we well were what when which who will with would yes yeah you
your
"""
_STOP = frozenset(_STOP_WORDS.split())
_SYNONYMS = {
    "animated": "animation",
    "biographical": "biography",
    "biopic": "biography",
    "cartoon": "animation",
    "comedic": "comedy",
    "dramatic": "drama",
    "funny": "comedy",
    "historical": "history",
    "kid": "children",
    "noir": "film-noir",
    "romantic": "romance",
    "scary": "horror",
    "sci": "sci-fi",
    "scifi": "sci-fi",
}


def words_of(text: str) -> list[str]:
    """Lower-case words without accents, plural endings and stop words; genres under one name."""
    folded = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
    words = (_singular(word) for word in _WORD.findall(folded) if word not in _STOP)
    return [_SYNONYMS.get(word, word) for word in words if word not in _STOP]


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@dataclass(frozen=True, slots=True)
class Query:
    """A request as catalog rows and words.

    Attributes:
        named: rows that the conversation names, without those that the user dislikes; ``own`` are those that
            the user names, ``offered`` those that only the assistant does, ``latest`` the last two.
        disliked: rows that the user names and does not like.
        words: of all messages beside the titles; ``own_words`` of the user's, ``said`` their text.
        preferences: what somebody has read from the request.
    """

    named: Rows
    own: Rows
    offered: Rows
    latest: Rows
    disliked: Rows
    words: tuple[str, ...]
    own_words: tuple[str, ...]
    said: str
    preferences: Preferences

    @classmethod
    def of(cls, request: Request, catalog: Catalog) -> Query:
        """Read a request; of ``request.seen``, what no message names counts as named by the user before."""
        speakers: dict[int, set[str]] = {}
        texts = [(message.role, _beside(message, catalog, speakers)) for message in request.wished]
        wished = request.preferences
        speakers = {row: said for row, said in speakers.items() if row not in wished.unmeant}
        for row in (*(request.seen - wished.unmeant), *wished.rows("liked", "more", "seen")):
            if row not in speakers:
                speakers = {row: {"user"}} | speakers
        disliked = wished.rows("disliked")
        named = [row for row in speakers if row not in disliked]
        own = [row for row in named if "user" in speakers[row]]
        offered = [row for row in named if "user" not in speakers[row]]
        return cls(
            _rows(named),
            _rows(own),
            _rows(offered),
            _rows(named[-_LATEST:]),
            _rows(disliked),
            _distinct(texts, "user", "assistant"),
            _distinct(texts, "user"),
            " ".join(text.strip() for role, text in texts if role == "user"),
            wished,
        )


def _rows(rows: Sequence[int]) -> Rows:
    return np.array(rows, dtype=np.int64)


def _beside(message: Message, catalog: Catalog, speakers: dict[int, set[str]]) -> str:
    """The text without the titles, which are added to ``speakers``."""
    text, pieces, position = message.content, [], 0
    for mention in find_mentions(text, catalog):
        speakers.setdefault(mention.row, set()).add(message.role)
        pieces.append(text[position : mention.start])
        position = mention.end
    return " ".join([*pieces, text[position:]])


def _distinct(texts: Sequence[tuple[str, str]], *roles: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for role, text in texts if role in roles for word in words_of(text)))
