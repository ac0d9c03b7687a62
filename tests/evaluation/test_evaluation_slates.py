from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.errors import SafecrsError
from safecrs.evaluation.slate_store import SlateBlocks, load_slates, save_slates
from safecrs.slates.base import Recommendation


def slate(number):
    return [Recommendation(f"Film {number}", 1990 if number % 2 else None, number)]


def blocks_of(path, count, size=4, key="k"):
    return SlateBlocks(path / "slates.json", key, count, size)


@settings(max_examples=12, deadline=None)
@given(count=st.integers(0, 23), size=st.integers(1, 9), order=st.randoms())
def test_blocks_in_any_order_make_the_whole(tmp_path_factory, count, size, order):
    path = tmp_path_factory.mktemp("blocks")
    slates = [slate(number) for number in range(count)]
    starts = list(range(0, count, size))
    order.shuffle(starts)
    for done, start in enumerate(starts):
        kept = blocks_of(path, count, size)  # as after a kill
        assert sorted(kept.missing()) == sorted(starts[done:])
        kept.add(start, slates[start : start + size], 0.5)
    blocks_of(path, count, size).join()
    assert load_slates(path / "slates.json", "k") == (slates, 0.5 * len(starts))
    assert [entry.name for entry in path.iterdir()] == ["slates.json"]
    assert blocks_of(path, count, size).missing() == []


def test_a_missing_block_is_told(tmp_path):
    kept = blocks_of(tmp_path, 6)
    kept.add(4, [slate(4), slate(5)], 1.0)
    with pytest.raises(SafecrsError, match="lacks blocks"):
        kept.join()
    assert not (tmp_path / "slates.json").exists()


@pytest.mark.parametrize("damage", ["half", "other key", "too short"])
def test_a_block_that_cannot_be_used_is_asked_again(tmp_path, damage):
    kept = blocks_of(tmp_path, 6)
    for start in kept.starts:
        kept.add(start, [slate(number) for number in range(start, min(start + 4, 6))], 1.0)
    assert kept.missing() == []
    block = tmp_path / "slates.blocks" / "0.json"
    if damage == "half":
        block.write_text(block.read_text()[:20])
    elif damage == "other key":
        save_slates(block, "other", [slate(number) for number in range(4)], 1.0)
    else:
        save_slates(block, "k", [slate(0)], 1.0)
    assert kept.missing() == [0]


def test_another_key_makes_everything_new(tmp_path):
    kept = blocks_of(tmp_path, 2)
    kept.add(0, [slate(0), slate(1)], 1.0)
    kept.join()
    other = blocks_of(tmp_path, 2, key="new")
    assert other.missing() == [0]
    other.add(0, [slate(2), slate(3)], 1.0)
    other.join()
    assert load_slates(tmp_path / "slates.json", "k") is None
    assert load_slates(tmp_path / "slates.json", "new") == ([slate(2), slate(3)], 1.0)
