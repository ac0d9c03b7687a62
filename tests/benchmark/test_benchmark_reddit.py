from __future__ import annotations

import json
from pathlib import Path

import pytest

from safecrs.benchmark import Splitter, build_reddit, read_reddit, read_reddit_items
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
CATALOG = Catalog.from_items(
    [
        Item("Heat", 1995, "tt0113277"),
        Item("Alien", 1979, "tt0078748"),
        Item("Big Fish", 2003, "tt0319061"),
        Item("Up", 2009, "tt1049413"),
    ]
)


def row(context, rec, **more):
    return {"context": context, "resp": "You could try these", "rec": rec} | more


def write(tmp_path, *rows, name="test.jsonl"):
    path = tmp_path / name
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in rows), encoding="utf-8")
    return path


def test_replies_to_one_request_are_one_dialogue(tmp_path):
    first = ["", "Looking for something like Big Fish"]
    path = write(
        tmp_path,
        row(first, ["tt0113277", "tt0319061"]),
        row(first, ["tt0078748", "tt0113277", "tt9999999"]),
        row([*first, "Did you see Alien (1979)?", "Yes, loved it"], ["tt0078748", "tt1049413"]),
        row(first, [], is_user=0),
        row(first, ["tt1049413"], is_user=1),
        row([""], ["tt1049413"]),
        row(["Films like Heat (1995)?"], ["tt0113277"]),
    )
    got = read_reddit(path, CATALOG, split="test")
    one, two = got.dialogues
    assert [m.content for m in one.messages] == ["Looking for something like Big Fish"]
    assert (one.seen, one.liked, one.split) == ((2,), (0, 1), "test")
    assert [m.role for m in two.messages] == ["user", "assistant", "user"]
    assert (two.seen, two.liked) == ((2, 1), (3,))
    assert got.read == 7
    assert got.dropped == {
        "suggested film the catalog does not know": 1,
        "reply that suggests no film": 1,
        "reply by the person who asks": 1,
        "reply to an empty request": 1,
        "request without a suggested film that counts": 1,
    }


def test_one_thread_stays_in_one_split(tmp_path):
    path = write(
        tmp_path,
        *(row([f"Request {n}"], ["tt0113277"]) for n in range(60)),
        *(row([f"Request {n}", "Which genre?", "Any"], ["tt0078748"]) for n in range(60)),
    )
    by_request: dict[str, set[str]] = {}
    for dialogue in read_reddit(path, CATALOG, splitter=Splitter(1)).dialogues:
        by_request.setdefault(dialogue.messages[0].content, set()).add(dialogue.split)
    assert len(by_request) == 60
    assert all(len(splits) == 1 for splits in by_request.values())
    assert set.union(*by_request.values()) == {"train", "validation", "test"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "row 2 is not readable JSON"),
        ("[]", "row 2: Input should be a valid dict"),
        ({"context": ["a"], "resp": "b"}, "row 2: rec Field required"),
        (row([1], ["tt0113277"]), "row 2: context.0 Input should be a valid string"),
        (row(["a"], "tt0113277"), "row 2: rec Input should be a valid list"),
        (row(["a"], [17]), "row 2: rec.0 "),
    ],
)
def test_errors_name_the_row(tmp_path, line, words):
    with pytest.raises(SafecrsError, match=words):
        read_reddit(write(tmp_path, row(["a"], ["tt0113277"]), line), CATALOG)


def test_items_of_a_title_table(tmp_path):
    path = write(tmp_path, {"Heat (1995)": "tt0113277", "Nameless": "tt0000001"}, name="titles.json")
    assert read_reddit_items(path) == [Item("Heat", 1995, "tt0113277"), Item("Nameless", None, "tt0000001")]
    for table, words in (
        ([], "valid dictionary"),
        ({}, "at least 1 item"),
        ({"Heat (1995)": 7}, r"Heat \(1995\) Input"),
        ({" ": "tt0113277"}, "match pattern"),
    ):
        with pytest.raises(SafecrsError, match=words):
            read_reddit_items(write(tmp_path, table, name="titles.json"))


def test_a_benchmark_of_published_splits(tmp_path, oracle):
    films = [Item(oracle.catalog.title(n), oracle.catalog.year(n), f"tt{n:07d}") for n in range(120)]
    oracle = Oracle.from_risk(Catalog.from_items(films), oracle.taxonomy, oracle.risk)
    files = {
        split: write(
            tmp_path,
            *(
                row([f"{split} request {n}"], [f"tt{(n * 7 + s * 3) % 120:07d}" for s in range(4)])
                for n in range(30)
            ),
            name=f"{split}.jsonl",
        )
        for split in ("train", "test")
    }
    built = build_reddit(files, oracle)
    assert {sample.split for sample in built.samples} == {"train", "test"}
    assert {len(taste) for taste in built.histories} == {4}
    assert len(built.histories) == 30
    assert any("sensitivity is not" in note for note in built.card.notes)
    assert build_reddit(files["train"], oracle).samples


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_the_real_titles():
    catalog = Catalog.from_items(read_reddit_items(SHARED / "catalog/reddit_movie_titles_to_imdb.json.gz"))
    assert len(catalog) > 7400
    assert catalog.title(catalog.row_of_imdb_id["tt0119675"]) == "Mimic"
