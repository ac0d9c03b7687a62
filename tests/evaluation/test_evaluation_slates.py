from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.errors import SafecrsError
from safecrs.evaluation.slate_store import BLOCK, Slates, SlateStore
from safecrs.slates.base import Recommendation


def slates(start, end):
    """The slates of samples ``start`` to ``end``, which took half a second."""
    made = [
        [Recommendation(f"Film {number}", 1990 if number % 2 else None, number - 1)]
        for number in range(start, end)
    ]
    return Slates(made, [{"gore": 0.5} if number % 3 else {} for number in range(start, end)], 0.5)


def store_of(path, count):
    return SlateStore(path / "new" / "slates.jsonl", count)


def fill(store):
    for start in store.missing():
        store.add(start, slates(start, min(start + BLOCK, store.count)))


@settings(max_examples=12, deadline=None)
@given(count=st.integers(0, 5 * BLOCK), order=st.randoms())
def test_blocks_in_any_order_make_the_whole(tmp_path_factory, count, order):
    path = tmp_path_factory.mktemp("blocks")
    starts = list(range(0, count, BLOCK))
    order.shuffle(starts)
    for done, start in enumerate(starts):
        store = store_of(path, count)  # as after a kill
        assert sorted(store.missing()) == sorted(starts[done:])
        store.add(start, slates(start, min(start + BLOCK, count)))
    joined = store_of(path, count).join()
    assert joined.slates == slates(0, count).slates
    assert joined.constraints == slates(0, count).constraints
    assert joined.seconds == 0.5 * len(starts)
    assert store_of(path, count).missing() == []
    assert store_of(path, count).join() == joined


def test_a_missing_block_is_told(tmp_path):
    store = store_of(tmp_path, BLOCK + 2)
    store.add(BLOCK, slates(BLOCK, BLOCK + 2))
    assert store.done == 2
    with pytest.raises(SafecrsError, match="lacks blocks"):
        store.join()


def test_without_a_file_blocks_stay_in_memory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = SlateStore(None, BLOCK + 2)
    fill(store)
    assert (store.done, store.missing()) == (BLOCK + 2, [])
    assert store.join().slates == slates(0, BLOCK + 2).slates
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{}",
        "[]",
        "null",
        '[0, {"slates": [[["A"]]]}]',
        '[[], {"slates": [], "constraints": [], "seconds": 1}]',
        "[" * 9999,
        "\x00\xff",
    ],
)
def test_a_damaged_block_is_asked_again(tmp_path, damage):
    fill(store_of(tmp_path, BLOCK + 6))
    file = store_of(tmp_path, 0).path
    _, second = file.read_text().splitlines()[1:]
    file.write_text(f"{damage}\n{second}")
    store = store_of(tmp_path, BLOCK + 6)
    assert store.missing() == [0]
    fill(store)
    assert store_of(tmp_path, BLOCK + 6).join().slates == slates(0, BLOCK + 6).slates


@settings(max_examples=20, deadline=None)
@given(cut=st.integers(1, 400))
def test_a_block_that_was_cut_off_spoils_no_other(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut")
    fill(store_of(path, 6))
    file = store_of(path, 0).path
    whole = file.read_bytes()
    file.write_bytes(whole[: -min(cut, len(whole) - 1)])
    store = store_of(path, 6)
    assert store.missing() == [0]
    fill(store)
    assert store_of(path, 6).join().slates == slates(0, 6).slates


@pytest.mark.parametrize("count", [5, 7, 6 + BLOCK])
def test_a_block_of_another_length_is_asked_again(tmp_path, count):
    fill(store_of(tmp_path, 6))
    assert store_of(tmp_path, count).missing()[0] == 0


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "new").write_text("a file")
    with pytest.raises(SafecrsError, match="Cannot write"):
        fill(store_of(tmp_path, 2))
