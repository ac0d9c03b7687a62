from __future__ import annotations

import json

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


def store_of(path, count, key="k"):
    return SlateStore(path / "slates.json", key, count)


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
    assert [entry.name for entry in path.iterdir()] == ["slates.json"]
    assert store_of(path, count).missing() == []
    assert store_of(path, count).join() == joined


def test_a_missing_block_is_told(tmp_path):
    store = store_of(tmp_path, BLOCK + 2)
    store.add(BLOCK, slates(BLOCK, BLOCK + 2))
    with pytest.raises(SafecrsError, match="lacks blocks"):
        store.join()
    assert not (tmp_path / "slates.json").exists()


@pytest.mark.parametrize(
    "damage",
    [
        "half",
        "other key",
        "too short",
        "",
        "{}",
        "[]",
        "null",
        '{"key": "k", "slates": [[["A"]]]}',
        "[" * 9999,
    ],
)
@pytest.mark.parametrize("joined", [False, True])
def test_what_cannot_be_used_is_asked_again(tmp_path, damage, joined):
    store = store_of(tmp_path, 6)
    fill(store)
    if joined:
        store.join()
    file = tmp_path / ("slates.json" if joined else "slates.blocks/0.json")
    plain = json.loads(file.read_text())
    if damage == "half":
        file.write_text(file.read_text()[:20])
    elif damage == "other key":
        file.write_text(json.dumps(plain | {"key": "other"}))
    elif damage == "too short":
        file.write_text(json.dumps(plain | {"slates": plain["slates"][1:]}))
    else:
        file.write_text(damage)
    assert store.missing() == [0]


def test_another_key_makes_everything_new(tmp_path):
    store = store_of(tmp_path, 2)
    fill(store)
    store.join()
    other = store_of(tmp_path, 2, key="new")
    assert other.missing() == [0]
    fill(other)
    assert other.join().slates == slates(0, 2).slates
    assert store.missing() == [0]
