"""What is known of items besides their titles, as columns that map out of a file."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog.item import FACETS, LISTED, Item, Listed
from safecrs.catalog.table import StringColumn, named, under
from safecrs.storage import Tensors

UNKNOWN_POPULARITY = -1.0
_NUMBERED = re.compile(r"(.+?) #(\d{1,3})")
_TEXTS = ("imdb_id", "plot", "audience")


class ValueLists:
    """For each row a list of values out of a vocabulary.

    Attributes:
        vocabulary: the distinct values.
        bounds: int32, where the values of each row begin, and their number; ids: int32, into the vocabulary.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.vocabulary = StringColumn(tensors["text"], tensors["text.offsets"])
        self.bounds, self.ids = tensors["bounds"], tensors["ids"]
        if len(self.bounds) == 0 or self.bounds[-1] != len(self.ids):
            raise ValueError("the values of a facet are inconsistent")

    @staticmethod
    def columns(lists: Iterable[Sequence[str]]) -> Tensors:
        """The tensors that the constructor reads."""
        numbers: dict[str, int] = {}
        rows = [[numbers.setdefault(value, len(numbers)) for value in values] for values in lists]
        text = StringColumn.of(numbers)
        return {
            "text": text.data,
            "text.offsets": text.offsets,
            "bounds": np.cumsum([0, *map(len, rows)]).astype(np.int32),
            "ids": np.array([number for row in rows for number in row], dtype=np.int32),
        }

    def of(self, row: int) -> tuple[str, ...]:
        """The values of a row."""
        return tuple(self.vocabulary[number] for number in self.ids[self._span(row)].tolist())

    def _span(self, row: int) -> slice:
        return slice(int(self.bounds[row]), int(self.bounds[row + 1]))

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Value → its number in the vocabulary."""
        return {value: number for number, value in enumerate(self.vocabulary)}

    @cached_property
    def _inverse(self) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Rows in the order of their values' numbers, and where those of each number begin."""
        rows = np.repeat(np.arange(len(self.bounds) - 1, dtype=np.int32), np.diff(self.bounds))
        order = np.argsort(self.ids, kind="stable")
        return rows[order], np.searchsorted(self.ids[order], np.arange(len(self.vocabulary) + 1))

    def rows(self, number: int) -> NDArray[np.int32]:
        """The rows that have the value with this number, ascending."""
        rows, bounds = self._inverse
        return rows[bounds[number] : bounds[number + 1]]

    def rows_with(self, value: str) -> NDArray[np.int32]:
        """The rows that have ``value``, ascending."""
        number = self.numbers.get(value)
        return np.empty(0, dtype=np.int32) if number is None else self.rows(number)


class Facets:
    """The facets of a catalog's rows.

    Attributes:
        runtime: int16, minutes, 0 = unknown; popularity: float32, `UNKNOWN_POPULARITY` = unknown.
        positions: int16, the place in its series of each value of ``lists["series"]``, 0 = unknown.
        alike, alike_bounds: int32, rows that the same people like, and where those of each row begin.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.lists: dict[Listed, ValueLists] = {
            name: ValueLists(under(f"{name}.", tensors)) for name in LISTED
        }
        self._texts = {name: StringColumn(tensors[name], tensors[f"{name}.offsets"]) for name in _TEXTS}
        self.runtime, self.popularity, self.positions, self.alike, self.alike_bounds, self._sources = (
            tensors[name]
            for name in ("runtime", "popularity", "positions", "alike", "alike.bounds", "sources")
        )
        self._source_names = StringColumn(tensors["source_names"], tensors["source_names.offsets"])
        lengths = {len(column.bounds) - 1 for column in self.lists.values()}
        lengths |= {len(column) for column in self._texts.values()} | {len(self.popularity)}
        if lengths != {len(self.runtime)}:
            raise ValueError("the facets differ in length")

    @classmethod
    def columns(
        cls, items: Sequence[Item], sources: Sequence[Mapping[str, str]], alike: Sequence[Sequence[int]]
    ) -> Tensors:
        """The tensors that the constructor reads, of merged items, their facets' sources and rows alike."""
        tensors: Tensors = {}
        positions: list[int] = []
        for name in LISTED:
            lists: list[Sequence[str]] = [getattr(item, name) for item in items]
            if name == "series":
                split = [[_series(value) for value in values] for values in lists]
                positions = [position for values in split for _, position in values]
                lists = [[series for series, _ in values] for values in split]
            tensors |= named(f"{name}.", ValueLists.columns(lists))
        for text in _TEXTS:
            column = StringColumn.of(getattr(item, text) or "" for item in items)
            tensors |= {text: column.data, f"{text}.offsets": column.offsets}
        names = {"": 0}
        for of in sources:
            for source in of.values():
                names.setdefault(source, len(names))
        source_names = StringColumn.of(names)
        popularity = [UNKNOWN_POPULARITY if item.popularity is None else item.popularity for item in items]
        return tensors | {
            "runtime": np.array([item.runtime or 0 for item in items], dtype=np.int16),
            "popularity": np.array(popularity, dtype=np.float32),
            "positions": np.array(positions, dtype=np.int16),
            "alike": np.array([row for rows in alike for row in rows], dtype=np.int32),
            "alike.bounds": np.cumsum([0, *map(len, alike)]).astype(np.int32),
            "sources": np.array(
                [[names[of.get(facet, "")] for of in sources] for facet in FACETS], dtype=np.uint16
            ),
            "source_names": source_names.data,
            "source_names.offsets": source_names.offsets,
        }

    def text(self, name: str, row: int) -> str:
        """The plot, the audience or the IMDb id of a row, empty when unknown."""
        return self._texts[name][row]

    def texts(self, name: str) -> StringColumn:
        """The column of `text`."""
        return self._texts[name]

    def series(self, row: int) -> list[tuple[str, int]]:
        """The series of a row and the row's position in each, 0 when unknown."""
        column = self.lists["series"]
        start, end = int(column.bounds[row]), int(column.bounds[row + 1])
        return list(zip(column.of(row), self.positions[start:end].tolist(), strict=True))

    def alike_rows(self, row: int) -> NDArray[np.int32]:
        """Rows that the people who like this one like too, the most alike first."""
        return self.alike[int(self.alike_bounds[row]) : int(self.alike_bounds[row + 1])]

    def source(self, row: int, facet: str) -> str:
        """Who states a facet of a row; empty when unknown."""
        return self._source_names[int(self._sources[FACETS.index(facet), row])]


def _series(value: str) -> tuple[str, int]:
    """The name of a series and the position in it, 0 when it is not stated."""
    numbered = _NUMBERED.fullmatch(value)
    return (numbered[1], int(numbered[2])) if numbered else (value, 0)
