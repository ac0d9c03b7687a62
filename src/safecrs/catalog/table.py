"""Texts that map out of a file: a column of any, and a table of distinct ones that looks up many at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.batch import STEP, Titles, words_at
from safecrs.storage import Tensors

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_PLACES = _MULTIPLIER ** np.arange(1, STEP // 8 + 1, dtype=np.uint64)
_HALF, _ONE = np.uint64(32), np.uint64(1)
_BITS = 63  # of a hash
_HASHED = 1024  # bytes of a title
_LAST = np.uint64(2**64 - 1)


def named(prefix: str, tensors: Mapping[str, NDArray[Any]]) -> Tensors:
    """The tensors with ``prefix`` before their names."""
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def under(prefix: str, tensors: Mapping[str, NDArray[Any]]) -> Tensors:
    """The tensors whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): tensors[name] for name in tensors if name.startswith(prefix)}


class StringColumn:
    """An immutable column of strings over ``data`` (uint8) and ``offsets`` (int64, one more than strings)."""

    def __init__(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        if len(offsets) == 0 or int(offsets[0]) != 0 or int(offsets[-1]) != len(data):
            raise ValueError("offsets do not cover the text")
        self.data, self.offsets = data, offsets

    @classmethod
    def of(cls, strings: Iterable[str]) -> StringColumn:
        """Encode ``strings``."""
        encoded = [text.encode() for text in strings]
        offsets = np.cumsum([0, *map(len, encoded)], dtype=np.int64)
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> str:
        at = range(len(self))[row]
        return self.data[self.offsets[at] : self.offsets[at + 1]].tobytes().decode()

    def __iter__(self) -> Iterator[str]:
        data = self.data.tobytes()
        for start, end in pairwise(self.offsets.tolist()):
            yield data[start:end].decode()


class TitleTable:
    """Normalised titles in the order of a 64-bit hash; a title's *id* is its place.

    A hash only says where to look: the bytes are compared, so two titles of one hash stay two.

    Attributes:
        text: uint8, the titles one after the other and `STEP` zeros; offsets: int64, where each begins.
        keys: uint64, ascending, the titles' hashes, and behind them one greater than any.
        buckets: int32, for each value of a hash's leading bits the first key that is not below it.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._tensors = dict(tensors)
        self.text, self.offsets, self.keys, self.buckets = (
            tensors[name] for name in ("text", "offsets", "keys", "buckets")
        )
        bits = len(self.buckets).bit_length() - 1
        if (
            len(self.keys) != len(self.offsets)
            or self.keys[-1] != _LAST
            or self.offsets[-1] + STEP != len(self.text)
            or len(self.buckets) != 1 << bits
        ):
            raise ValueError("the title table is inconsistent")
        self._shift = np.uint64(_BITS - bits)

    @classmethod
    def build(cls, titles: Sequence[bytes]) -> tuple[TitleTable, NDArray[np.int64]]:
        """The table of normalised ``titles``, and the id that each of them gets."""
        distinct = list(dict.fromkeys(titles))
        given = Titles.of(distinct)
        keys = _hashes(given.data, given.starts, given.lengths)
        order = np.argsort(keys, kind="stable")
        ids = {title: number for number, title in enumerate(distinct[at] for at in order.tolist())}
        bits = len(ids).bit_length() + 1
        leading = np.arange(1 << bits, dtype=np.uint64) << np.uint64(_BITS - bits)
        tensors: Tensors = {
            "text": np.frombuffer(b"".join(ids) + bytes(STEP), dtype=np.uint8),
            "offsets": np.append(0, np.cumsum(given.lengths[order])).astype(np.int64),
            "keys": np.append(keys[order], _LAST),
            "buckets": np.searchsorted(keys[order], leading).astype(np.int32),
        }
        return cls(tensors), np.array([ids[title] for title in titles], dtype=np.int64)

    def tensors(self) -> Tensors:
        """The columns, by the names the constructor reads them from."""
        return self._tensors

    def __len__(self) -> int:
        return len(self.keys) - 1

    def find(self, titles: Titles) -> NDArray[np.int64]:
        """The id of each title, int64, −1 where the table does not hold it."""
        keys = _hashes(titles.data, titles.starts, titles.lengths)
        at = self.buckets[keys >> self._shift].astype(np.int64)
        left = np.flatnonzero(self.keys[at] < keys)
        while len(left):
            at[left] += 1
            left = left[self.keys[at[left]] < keys[left]]
        found = np.full(len(titles), -1, dtype=np.int64)
        left = np.flatnonzero(self.keys[at] == keys)
        while len(left):
            ids = at[left]
            equal = self._equal(titles, left, ids)
            found[left[equal]] = ids[equal]
            left = left[~equal]
            at[left] += 1
            left = left[self.keys[at[left]] == keys[left]]
        return found

    def _equal(self, titles: Titles, of: NDArray[np.int64], ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether the titles at the positions ``of`` read as those of ``ids``."""
        mine, theirs, lengths = titles.starts[of], self.offsets[ids], titles.lengths[of]
        equal: NDArray[np.bool_] = np.equal(self.offsets[ids + 1] - theirs, lengths)
        going = np.flatnonzero(equal & (lengths > 0))
        mine, theirs, lengths = mine[going], theirs[going], lengths[going]
        while len(going):
            differ = words_at(titles.data, mine, lengths) ^ words_at(self.text, theirs, lengths)
            equal[going[reduce(np.bitwise_or, differ.T) != 0]] = False
            more = np.flatnonzero(lengths > STEP)
            going, mine, theirs = going[more], mine[more] + STEP, theirs[more] + STEP
            lengths = lengths[more] - STEP
        return equal


def _hashes(
    data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[np.uint64]:
    """A hash of each title's length and beginning."""
    hashes = lengths.astype(np.uint64)
    going = np.flatnonzero(lengths > 0)
    starts, lengths = starts[going], np.minimum(lengths[going], _HASHED)
    while len(going):
        words = words_at(data, starts, lengths)
        words = (words ^ words >> _HALF) * _MULTIPLIER
        mixed = hashes[going] * _MULTIPLIER + words @ _PLACES
        hashes[going] = mixed ^ mixed >> _HALF
        more = np.flatnonzero(lengths > STEP)
        going, starts, lengths = going[more], starts[more] + STEP, lengths[more] - STEP
    return hashes * _MULTIPLIER >> _ONE
