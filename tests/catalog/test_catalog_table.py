"""The table finds what it holds and nothing else, whatever the hashes say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from safecrs.catalog import table as module
from safecrs.catalog.batch import normalize_many
from safecrs.catalog.table import TitleTable

# Of one letter, so that titles are each other's prefixes, across several reads of 32 bytes.
alike = st.one_of(st.integers(0, 100).map(lambda size: "x" * size), st.text("xy", max_size=70))
held = st.lists(alike, max_size=20, unique=True)


def check(titles: list[str], asked: list[str]) -> None:
    table, ids = TitleTable.build([title.encode() for title in titles])
    assert len(table) == len(titles)
    assert sorted(ids.tolist()) == list(range(len(titles)))
    numbers = dict(zip(titles, ids.tolist(), strict=True))
    assert table.find(normalize_many(asked)).tolist() == [numbers.get(title, -1) for title in asked]


@given(held, st.lists(alike, max_size=20))
def test_finds_exactly_what_it_holds(titles: list[str], others: list[str]) -> None:
    check(titles, titles + others)


@pytest.mark.parametrize("bits", [0, 1, 63])
@given(titles=held, others=st.lists(alike, max_size=20))
def test_titles_of_one_hash_stay_two(bits: int, titles: list[str], others: list[str]) -> None:
    def poor(
        data: NDArray[np.uint8], starts: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> NDArray[np.uint64]:
        return (lengths.astype(np.uint64) & np.uint64(1)) * np.uint64(2**bits - 1)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_hashes", poor)
        check(titles, titles + others)


def test_hashes_differ_and_spread() -> None:
    titles = [f"night of the {word} {number}" for word in ("wolf", "song") for number in range(20_000)]
    table, _ = TitleTable.build([title.encode() for title in titles])
    assert len(np.unique(table.keys)) == len(titles) + 1
    assert np.bincount((table.keys[:-1] >> np.uint64(47)).astype(int), minlength=2**16).max() < 12


@pytest.mark.parametrize("name", ["text", "offsets", "keys", "buckets"])
def test_columns_that_do_not_fit_are_refused(name: str) -> None:
    tensors = TitleTable.build([b"heat", b"saw"])[0].tensors()
    with pytest.raises(ValueError, match="inconsistent"):
        TitleTable(tensors | {name: tensors[name][:-1]})
