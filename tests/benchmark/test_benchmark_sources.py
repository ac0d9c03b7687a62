"""Files of any content: an importer reads them or says in one sentence, with the row, why it does not."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safecrs.benchmark import (
    read_inspired,
    read_movielens,
    read_reddit,
    read_reddit_items,
    read_redial,
    read_redial_items,
)
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError

ITEMS = {"1": Item("Heat", 1995, "tt0113277"), "2": Item("Alien", 1979, "tt0078748")}
CATALOG = Catalog.from_items(ITEMS.values())
RECORD = {
    "conversationId": "c1",
    "initiatorWorkerId": 10,
    "movieMentions": {"1": "Heat (1995)"},
    "initiatorQuestions": {"1": {"suggested": 1, "seen": 0, "liked": 1}},
    "respondentQuestions": [],
    "messages": [{"senderWorkerId": 10, "text": "Hi"}, {"senderWorkerId": 20, "text": "@1"}],
}
REPLY = {"context": ["something like Alien"], "resp": "Heat", "rec": ["tt0113277"], "is_user": 0}
FILMS = {"1": {"name": "Heat (1995)", "genre": ["Crime"], "plot": "", "imdb_id": "tt0113277"}}
ODD = [
    "9" * 5000,
    "1e999",
    "NaN",
    '"\\ud800"',
    "[" * 10_000,
    "{}",
    "[]",
    "null",
    "-1",
    '""',
    '"x"',
    '{"a": 1}',
]


def spots(value, at=()):
    """Every place in a JSON value."""
    yield at
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from spots(value[key], (*at, key))


def put(value, at, odd):
    """The JSON of ``value`` with other text in one place."""
    if not at:
        return odd
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    parts = [(key, put(entry, at[1:], odd) if key == at[0] else json.dumps(entry)) for key, entry in entries]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {text}" for key, text in parts) + "}"
    return "[" + ", ".join(text for _, text in parts) + "]"


READERS = {
    "redial": (RECORD, lambda path: read_redial(path, ITEMS, CATALOG)),
    "reddit": (REPLY, lambda path: read_reddit(path, CATALOG)),
    "redial items": (FILMS, read_redial_items),
    "reddit items": ({"Heat (1995)": "tt0113277"}, read_reddit_items),
}


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd[:8])
@pytest.mark.parametrize("name", READERS)
def test_whatever_stands_in_one_place_is_read_or_refused_by_its_row(tmp_path, name, odd):
    whole, read = READERS[name]
    path = tmp_path / "a.json"
    path.write_text(json.dumps(whole))
    assert read(path)
    for at in spots(whole):
        path.write_text(put(whole, at, odd))
        try:
            read(path)
        except SafecrsError as error:
            told = str(error)
            assert told.startswith(str(path))
            assert len(told) < 400
            assert "\n" not in told


TABLES = {
    "inspired": (
        "dialog_id\tspeaker\ttext\tmovies\tcoarse_label\n",
        lambda path: read_inspired(path, CATALOG),
    ),
    "ratings.csv": ("userId,movieId,rating\n", lambda path: read_movielens(path.parent, CATALOG)),
    "movies.csv": ("movieId,title\n", lambda path: read_movielens(path.parent, CATALOG)),
}
CELLS = st.sampled_from(
    [
        "1",
        "SEEKER",
        "RECOMMENDER",
        "Heat (1995)",
        "accept_x",
        "9" * 5000,
        "1e999",
        "nan",
        '"',
        "x" * 140_000,
        "\x00",
    ]
) | st.text(max_size=5)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(sorted(TABLES)),
    st.lists(st.lists(CELLS, min_size=1, max_size=6), max_size=4),
    st.binary(max_size=8),
)
def test_any_table_is_read_or_refused(tmp_path, name, rows, tail):
    header, read = TABLES[name]
    (tmp_path / "movies.csv").write_text("movieId,title\n1,Heat (1995)\n")
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating\n1,1,5\n")
    between = "\t" if name == "inspired" else ","
    text = header + "".join(between.join(row) + "\n" for row in rows)
    (tmp_path / name).write_bytes(text.encode(errors="replace") + tail)
    told = ""
    try:
        read(tmp_path / name)
    except SafecrsError as error:
        told = str(error)
    assert len(told) < 400
    assert "\n" not in told


def test_a_damaged_archive_is_named(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(json.dumps(REPLY).encode() * 50)
    for damaged in (whole[:-9], whole[:20] + b"xxxx" + whole[24:], b"", b"no archive"):
        path.write_bytes(damaged)
        if damaged:
            with pytest.raises(SafecrsError, match=r"a\.jsonl\.gz"):
                read_reddit(path, CATALOG)
