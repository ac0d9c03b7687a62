"""Film titles in a message, which disclose nothing: "Suicide Squad", "There Will Be Blood"."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.detection.tokens import Token

_JOINING = frozenset([
    "of", "the", "a", "an", "and", "in", "on", "for", "to", "with", "from", "at", "is", "no", "be", "not",
    "s", "n",
])  # fmt: skip
_NEVER = frozenset(["i", "im", "ive", "id", "ill", "tv", "dvd", "netflix", "hulu", "hbo", "amazon"])


def title_words(text: str, tokens: Sequence[Token]) -> frozenset[int]:
    """Positions of words that look like part of a title: two or more capitalised words in a row.

    The first word of a sentence and words in all capitals do not count; a text that is mostly capitalised has
    no titles.
    """
    capital = [_capital(text, token) for token in tokens]
    if not tokens or sum(capital) > 0.6 * len(tokens):
        return frozenset()
    found: set[int] = set()
    run: list[int] = []
    for position, token in enumerate(tokens):
        begins = capital[position] and token.boundary < 2
        if begins or (run and token.word in _JOINING and token.boundary == 0):
            run.append(position)
        else:
            found |= _title(run, capital)
            run = []
    return frozenset(found | _title(run, capital))


def _capital(text: str, token: Token) -> bool:
    shouted = token.end - token.start > 1 and text[token.start : token.end].isupper()
    return token.capital and not shouted and token.word not in _NEVER


def _title(run: list[int], capital: Sequence[bool]) -> set[int]:
    while run and not capital[run[-1]]:
        run.pop()
    return set(run) if sum(capital[position] for position in run) >= 2 else set()
