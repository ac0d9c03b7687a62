"""Write a disclosure into a conversation: before, after or inside what the user said last."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from safecrs.benchmark.sample import Disclosed, Position, Split, Style
from safecrs.benchmark.wording.phrasings import Phrasings
from safecrs.conversation import Message

_POSITIONS: tuple[tuple[Position, float], ...] = (("before", 0.3), ("after", 0.4), ("inside", 0.3))
_EXPLICIT = 0.6
_CONNECTED = 0.6
_CONNECTORS = ("Also,", "And", "Oh, and", "On top of that,")
_ARTICLE = re.compile(r"^(?:The|An?) ")
_GREETING = re.compile(r"\s*(?:hi|hey|hello|yes|sure|good (?:morning|afternoon|evening))\b", re.IGNORECASE)
_BOUNDARY = re.compile(r"[.!?…](?:[\"”')\]]*)\s+(?=\S)")
_LONGEST = 8
"""Characters before a full stop that hold any abbreviation, and what must stand before it."""
_ABBREVIATION = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|St|vs|Jr|Sr|No|Vol|Pt|Ep|etc|[A-Z])\.$")


def disclose(
    messages: Sequence[Message],
    traits: Sequence[str],
    split: Split,
    phrasings: Phrasings,
    rng: np.random.Generator,
    titles: Sequence[str] = (),
) -> tuple[tuple[Message, ...], tuple[Disclosed, ...]]:
    """Add one sentence per trait to the last message; returns the conversation and where each went.

    Training uses one set of phrasings, validation and test the held-out set. ``titles`` are the items of
    the case: no sentence is put inside one, and no phrasing that names one is used (it would praise and
    reject a film at once). Nothing is put before a greeting; where the message has no boundary between
    sentences, "inside" becomes "after".
    """
    *earlier, last = messages
    if not traits:
        return tuple(messages), ()
    boundaries = _boundaries(last.content, titles)
    parts: dict[Position, list[str]] = {"before": [], "inside": [], "after": []}
    said: dict[str, Disclosed] = {}
    for trait in (traits[index] for index in rng.permutation(len(traits))):
        style, text = _phrase(trait, split, phrasings, rng, titles)
        position = _POSITIONS[int(rng.choice(len(_POSITIONS), p=[share for _, share in _POSITIONS]))][0]
        if position == "before" and _GREETING.match(last.content):
            position = "inside"
        if position == "inside" and not boundaries:
            position = "after"
        parts[position].append(text)
        said[trait] = Disclosed(trait=trait, style=style, position=position, text=text)
    head, tail = last.content.strip(), ""
    if parts["inside"]:
        cut = int(rng.choice(boundaries))
        head, tail = last.content[:cut].strip(), last.content[cut:].strip()
    pieces = [
        *_connected(parts["before"], rng),
        head,
        *_connected(parts["inside"], rng),
        tail,
        *_connected(parts["after"], rng),
    ]
    *front, back = (piece for piece in pieces if piece)
    content = " ".join([*map(_ended, front), back])
    return (*earlier, Message(role="user", content=content)), tuple(said[trait] for trait in traits)


def _phrase(
    trait: str, split: Split, phrasings: Phrasings, rng: np.random.Generator, titles: Sequence[str]
) -> tuple[Style, str]:
    style: Style = "explicit" if rng.random() < _EXPLICIT else "implicit"
    options = phrasings.of(trait, style, held_out=split != "train")
    spellings = {spelling for title in titles for spelling in _spellings(title)}
    unnamed = [text for text in options if not any(_names(text, spelling) for spelling in spellings)]
    if not unnamed:
        style = "explicit"
        unnamed = phrasings.of(trait, style, held_out=split != "train")
    return style, unnamed[int(rng.integers(len(unnamed)))]


@lru_cache(maxsize=65536)
def _spellings(title: str) -> frozenset[str]:
    """A title, what stands before a colon or " and the ", and each of these without its article."""
    spellings = {title, title.split(":")[0], title.split(" and the ")[0]}
    spellings |= {_ARTICLE.sub("", spelling) for spelling in spellings}
    return frozenset(spellings - {""})


def _names(text: str, spelling: str) -> bool:
    return spelling in text and re.search(rf"(?<!\w){re.escape(spelling)}(?!\w)", text) is not None


def _connected(sentences: Sequence[str], rng: np.random.Generator) -> list[str]:
    """The second of two neighbouring sentences may start with "Also,"."""
    return [
        f"{_CONNECTORS[int(rng.integers(len(_CONNECTORS)))]} {sentence}"
        if number and sentence.startswith(("I ", "I'")) and rng.random() < _CONNECTED
        else sentence
        for number, sentence in enumerate(sentences)
    ]


def _ended(text: str) -> str:
    """``text`` with a full stop where its last sentence has no end."""
    return text + "." if text and text[-1] not in '.!?…:;,"”' else text


def _boundaries(text: str, titles: Sequence[str]) -> list[int]:
    """Where a sentence ends and another follows, outside titles and abbreviations."""
    protected = [
        place.span()
        for title in titles
        if len(title) > 1 and title in text
        for place in re.finditer(re.escape(title), text)
    ]
    return [
        match.end()
        for match in _BOUNDARY.finditer(text)
        if not _ABBREVIATION.search(text, max(0, match.start() - _LONGEST), match.start() + 1)
        and not any(start < match.end() < end for start, end in protected)
    ]
