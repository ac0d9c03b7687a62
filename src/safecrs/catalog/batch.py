"""`normalize_title` for many titles at once: passes over all their bytes instead of steps a title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.normalize import ARTICLES, signs_key, spells, without_accents

# Bytes that `words_at` reads at once; as many lie behind the last title, so that it may read anywhere.
STEP = 32

_SPACE, _END, _COMMA = b" \n,"
_HOLE = b"\xff"  # fills up a folded character to the bytes it had; never in UTF-8
_DROPPED = bytes(code for code in range(128) if not chr(code).isalnum() and code not in (_SPACE, _END))
_SPACES = bytes(
    _SPACE if chr(code).isspace() and code < 128 and code != _END else code for code in range(256)
)
_SURPLUS = re.compile(rb"(?<=\n) +| +(?=[ \n])")
_SIZES = np.array([len(article) for article in ARTICLES])
_MASKS: NDArray[np.uint64] = np.frombuffer(
    b"".join((b"\xff" * size).ljust(STEP, b"\0") for size in range(STEP + 1)), dtype="<u8"
).reshape(-1, STEP // 8)


@dataclass(frozen=True, slots=True)
class Titles:
    """Normalised titles as UTF-8.

    Attributes:
        data: uint8, `STEP` bytes longer than its text; title i is ``data[starts[i]:][:lengths[i]]``.
        starts, lengths: int64.
        articles: uint8, the article that each title had, as an index of `ARTICLES`.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]
    articles: NDArray[np.uint8]

    @classmethod
    def of(cls, titles: Sequence[bytes], articles: Sequence[int] = ()) -> Titles:
        """Titles given one by one, with their articles where these are needed."""
        lengths = np.fromiter(map(len, titles), dtype=np.int64, count=len(titles))
        data = np.frombuffer(b"".join(titles) + bytes(STEP), dtype=np.uint8)
        return cls(data, np.cumsum(lengths) - lengths, lengths, np.array(articles, dtype=np.uint8))

    def take(self, at: NDArray[np.int64]) -> Titles:
        """The titles at these places."""
        return Titles(self.data, self.starts[at], self.lengths[at], self.articles[at])

    def __len__(self) -> int:
        return len(self.starts)

    def __iter__(self) -> Iterator[bytes]:
        data = self.data.tobytes()
        for start, length in zip(self.starts.tolist(), self.lengths.tolist(), strict=True):
            yield data[start : start + length]


def normalize_many(titles: Sequence[str]) -> Titles:
    """What `split_article` makes of each title; all of them become one run of bytes, one a line."""
    text = "\n".join(titles)
    raw = f"\n{text}\n".encode("utf-8", "surrogatepass") if titles else b"\n"
    if not text.isascii():
        raw = _fold(raw)
    given = np.frombuffer(raw, dtype=np.uint8)
    if np.count_nonzero(given == _END) != len(titles) + 1:
        return normalize_many([title.replace("\n", " ") for title in titles])
    blank = given <= _SPACE
    if (blank[1:] & blank[:-1]).any() or np.count_nonzero(given < _SPACE) > len(titles) + 1:
        raw = _SURPLUS.sub(b"", raw.translate(_SPACES))
    raw = raw.lower().replace(b"&", b" and ")
    leading, trailing = _articles(np.frombuffer(raw + bytes(STEP), dtype=np.uint8))
    lines = np.frombuffer(raw.translate(None, _DROPPED) + bytes(STEP), dtype=np.uint8)
    space = lines == _SPACE
    lines = np.delete(lines, np.flatnonzero(space[1:] & space[:-1]))
    ends = np.flatnonzero(lines == _END)
    starts, ends = ends[:-1] + 1, ends[1:] - _SIZES[trailing]
    starts += lines[starts] == _SPACE
    starts += np.minimum(_SIZES[leading] + (leading > 0), ends - starts)
    ends -= (lines[ends - 1] == _SPACE) & (ends > starts)
    found = Titles(lines, starts, ends - starts, leading + trailing)
    if found.lengths.all():
        return found
    keys = zip(found, titles, strict=True)
    signs = [key or signs_key(title).encode() for key, title in keys]
    return Titles.of(signs, found.articles.tolist())


def words_at(
    data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64] | None = None
) -> NDArray[np.uint64]:
    """The next `STEP` bytes at each of ``starts`` as little-endian numbers, uint64 [len(starts), STEP / 8].

    Bytes past ``lengths`` read as zero.
    """
    every: NDArray[np.void] = np.ndarray((len(data) - STEP + 1,), f"V{STEP}", data, 0, (1,))
    words = every[starts].view("<u8").reshape(-1, STEP // 8)
    if lengths is not None:
        words &= _MASKS.take(np.minimum(lengths, STEP), axis=0)
    return words


def _fold(raw: bytes) -> bytes:
    """Case and accents of the characters beyond ASCII, each folded by itself: none depends on another."""
    data = np.frombuffer(bytearray(raw), dtype=np.uint8)
    beyond = np.flatnonzero(data >= 0x80)
    characters = data[beyond].tobytes().decode("utf-8", "surrogatepass")
    folded = b"".join(map(_folded, characters))
    if len(folded) > len(beyond):  # one grows
        return b"".join(map(_folded, raw.decode("utf-8", "surrogatepass"))).translate(None, _HOLE)
    data[beyond] = np.frombuffer(folded, dtype=np.uint8)
    return data.tobytes().translate(None, _HOLE)


@cache
def _folded(character: str) -> bytes:
    """What `split_article` makes of a character before it looks for articles, in at least as many bytes.

    Other white space becomes a space, other punctuation "!".
    """
    bare = "".join(map(without_accents, character.casefold()))
    plain = "".join(c if c.isascii() or spells(c) else " " if c.isspace() else "!" for c in bare)
    return plain.encode().ljust(len(character.encode("utf-8", "surrogatepass")), _HOLE)


def _articles(lines: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The leading and the trailing article of each line, of which at most one is not 0."""
    ends, commas = np.flatnonzero(lines == _END), np.flatnonzero(lines == _COMMA)
    commas = commas[(lines[commas - 1] != _SPACE) & (lines[commas - 1] != _END)]
    leading, trailing = _articles_at(lines, ends[:-1] + 1, " "), np.zeros(len(ends) - 1, dtype=np.uint8)
    behind = commas + 1 + (lines[commas + 1] == _SPACE)
    trailing[np.searchsorted(ends, commas) - 1] = _articles_at(lines, behind, "\n")  # the last comma counts
    leading[trailing > 0] = 0
    return leading, trailing


def _articles_at(lines: NDArray[np.uint8], at: NDArray[np.int64], behind: str) -> NDArray[np.uint8]:
    """The article that stands at each place with ``behind`` after it, 0 for none."""
    words = words_at(lines, at)[:, 0]
    found = np.zeros(len(at), dtype=np.uint8)
    for code, article in enumerate(ARTICLES[1:], start=1):
        text = f"{article}{behind}".encode()
        found[words & _MASKS[len(text), 0] == int.from_bytes(text, "little")] = code
    return found
