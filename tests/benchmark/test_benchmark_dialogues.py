from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from safecrs.benchmark import (
    BuildOptions,
    Splitter,
    build_inspired,
    read_inspired,
    read_redial,
    read_redial_items,
)
from safecrs.benchmark.sources.dialogue import merge_turns
from safecrs.catalog import Catalog, Item
from safecrs.errors import SafecrsError

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
ITEMS = {
    "1": Item("Heat", 1995),
    "2": Item("Alien", 1979),
    "3": Item("Up", 2009),
    "4": Item("The Thing", 1982),
    "5": Item("Aliens", 1986),
}
YES, NO = {"suggested": 1, "seen": 0, "liked": 1}, {"suggested": 1, "seen": 1, "liked": 0}
MINE = {"suggested": 0, "seen": 1, "liked": 1}


def record(turns, initiator, respondent=(), **changes):
    return {
        "conversationId": "c1",
        "initiatorWorkerId": 10,
        "respondentWorkerId": 20,
        "movieMentions": {"9": "Lost  Film (1950)"},
        "initiatorQuestions": initiator,
        "respondentQuestions": respondent,
        "messages": [{"senderWorkerId": who, "text": text} for who, text in turns],
    } | changes


def redial(tmp_path, *records, catalog=None):
    path = tmp_path / "redial.jsonl"
    path.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), encoding="utf-8")
    return read_redial(path, ITEMS, catalog or Catalog.from_items(ITEMS.values(), "film"))


def test_context_ends_before_the_first_suggestion_and_the_answer_is_what_follows(tmp_path):
    turns = [
        (20, "Hello"),
        (10, "Hi!  I loved @1and @9"),
        (10, "anything like that"),
        (20, "Did you like @1?"),
        (10, "Yes"),
        (20, "Then try @2 or @4"),
        (10, "Seen @4, awful"),
        (20, "@5, then, or @1 again. Or @77"),
    ]
    form = {"1": YES, "2": YES, "4": NO, "5": YES, "77": YES}
    # Heat is marked as suggested, but the seeker had named it: asking about it is not yet a suggestion.
    got = redial(tmp_path, record(turns, form))
    (dialogue,) = got.dialogues
    assert [(m.role, m.content) for m in dialogue.messages] == [
        ("assistant", "Hello"),
        ("user", "Hi! I loved Heat (1995) and Lost Film (1950). anything like that"),
        ("assistant", "Did you like Heat (1995)?"),
        ("user", "Yes"),
    ]
    assert dialogue.seen == (0,)
    assert dialogue.liked == (1, 4)
    assert got.dropped == {
        "suggested film that the seeker disliked": 1,
        "suggested film the catalog does not know": 1,
    }


def test_the_recommenders_form_fills_gaps_of_the_seekers(tmp_path):
    turns = [(10, "Hi"), (20, "@2 and @3 and @4")]
    (dialogue,) = redial(
        tmp_path, record(turns, {"2": NO, "3": MINE}, {"2": YES, "3": YES, "4": YES})
    ).dialogues
    assert dialogue.liked == (3,)


def test_dialogues_that_cannot_serve_are_counted(tmp_path):
    got = redial(
        tmp_path,
        record([(10, "Hi"), (20, "Bye")], []),
        record([(20, "Try @2"), (10, "ok")], {"2": YES}),
        record([(10, "Hi"), (20, "Try @2"), (10, "no")], {"2": NO}),
        "",
    )
    assert got.dialogues == ()
    assert got.read == 3
    assert sorted(got.dropped) == [
        "dialogue in which nothing is suggested",
        "dialogue in which the seeker says nothing before the first suggestion",
        "dialogue without a suggested film that counts",
        "suggested film that the seeker disliked",
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "row 2 is not readable JSON"),
        ("[]", "row 2: Input should be a valid dict"),
        ({"conversationId": 1}, "row 2: initiatorWorkerId Field required"),
        (record([(1, "a")], {"1": {"seen": 1}}), "row 2: initiatorQuestions.1.suggested"),
        (record([], {}, messages=[{"text": 5}]), "row 2: messages.0.senderWorkerId"),
        (record([], {}, movieMentions=[1]), "row 2: movieMentions"),
    ],
)
def test_redial_errors_name_the_row(tmp_path, line, words):
    with pytest.raises(SafecrsError, match=words):
        redial(tmp_path, record([(10, "Hi")], {}), line)


def test_redial_item_errors(tmp_path):
    path = tmp_path / "items.json"
    with pytest.raises(SafecrsError, match="does not exist"):
        read_redial_items(path)
    for text, words in (('{"7": {"name": " "}}', r"items.json: 7.name"), ("{}", "at least 1 item")):
        path.write_text(text)
        with pytest.raises(SafecrsError, match=words):
            read_redial_items(path)
    gz = tmp_path / "items.json.gz"
    gz.write_bytes(b"not gzip")
    with pytest.raises(SafecrsError, match="not a readable text file"):
        read_redial_items(gz)
    gz.write_bytes(gzip.compress(b'{"7": {"name": "Heat (1995)", "genre": ["Crime"], "imdb_id": "tt1"}}'))
    assert read_redial_items(gz) == {"7": Item("Heat", 1995, "tt1", ("crime",), source="ReDial, CC BY 4.0")}


def test_turns_are_merged():
    merged = merge_turns(
        [("user", "a"), ("user", " b?"), ("user", ""), ("assistant", "c"), ("user", "d"), ("assistant", "e")]
    )
    assert [(m.role, m.content) for m in merged] == [("user", "a. b?"), ("assistant", "c"), ("user", "d")]
    assert merge_turns([("assistant", "only me")]) == ()


HEADER = "dialog_id\tspeaker\ttext\tmovies\tcoarse_label\n"


def inspired(tmp_path, text):
    path = tmp_path / "inspired.tsv"
    path.write_text(text, encoding="utf-8")
    return read_inspired(
        path, Catalog.from_items([*ITEMS.values(), Item("House", 1985), Item("Big Fish", 2003)])
    )


def test_the_accepted_film_is_found(tmp_path):
    got = inspired(
        tmp_path,
        HEADER
        + "d1\tRECOMMENDER\tHello\t\taccept_new\n"
        + "d1\tSEEKER\tI liked QUOTATION_MARKUpQUOTATION_MARK\tUp (2009)\taccept_new\n"
        + "d1\tRECOMMENDER\tHow about The Thing?\tThe Thing (1982)\taccept_new\n"
        + "d1\tSEEKER\tI've already seen it\t\taccept_new\n"
        + "d1\tRECOMMENDER\tBig Fish then, about a house\tBig Fish (2003); House (1985)\taccept_new\n"
        + "d1\tSEEKER\tSounds great, I accept\t\taccept_new\n"
        + "d2\tSEEKER\tHi\t\treject_new\n",
    )
    (dialogue,) = got.dialogues
    assert dialogue.split == "test"
    assert [m.content for m in dialogue.messages] == [
        "Hello",
        'I liked "Up"',
        "How about The Thing?",
        "I've already seen it",
    ]
    assert dialogue.seen == (2, 3)
    assert dialogue.liked == (6,)
    assert got.read == 2
    assert got.dropped == {"dialogue in which no film is accepted": 1}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tb\n", "no column 'dialog_id'"),
        (HEADER + "d1\tSEEKER\thi\n", "row 2: 3 fields instead of 5"),
        (HEADER + "d1\tBOTH\thi\t\t\n", "row 2: speaker is 'BOTH'"),
    ],
)
def test_inspired_errors_name_the_row(tmp_path, text, words):
    with pytest.raises(SafecrsError, match=words):
        inspired(tmp_path, text)


def test_inspired_is_for_testing_alone(oracle, interactions, tmp_path):
    rows = []
    for number in range(40):
        films = "; ".join(oracle.catalog.label((number * 3 + step) % 120) for step in range(3))
        rows += [
            f"d{number}\tSEEKER\tHi, what is good?\t\taccept_new\n",
            f"d{number}\tRECOMMENDER\tTry {films.replace(';', ',')}\t{films}\taccept_new\n",
            f"d{number}\tSEEKER\tSounds great\t\taccept_new\n",
        ]
    path = tmp_path / "inspired.tsv"
    path.write_text(HEADER + "".join(rows), encoding="utf-8")
    plain = build_inspired(path, oracle, BuildOptions(seed=1))
    assert {sample.split for sample in plain.samples} == {"test"}
    assert any(sample.constraints for sample in plain.samples)
    assert plain.histories == ()
    mixed = build_inspired(path, oracle, BuildOptions(seed=1), interactions=interactions)
    assert mixed.split("test") == list(plain.samples)
    assert {sample.source for sample in mixed.split("train")} == {"movielens"}
    assert len(mixed.histories) == len(interactions.of_split(Splitter(1), "train").liked())


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_the_real_redial():
    items = read_redial_items(SHARED / "catalog/redial_items.json.gz")
    catalog = Catalog.from_items(items.values(), "film")
    got = read_redial(
        SHARED / "conversations/redial_dialogues.jsonl.gz", items, catalog, Splitter(1, 0.6, 0.1)
    )
    assert got.read == 1000
    assert len(got.dialogues) > 900
    for dialogue in got.dialogues:
        assert dialogue.messages[-1].role == "user"
        assert "@" not in "".join(m.content for m in dialogue.messages).replace("@ ", "")
        assert not set(dialogue.seen) & set(dialogue.liked)
        assert len(set(dialogue.liked)) == len(dialogue.liked)
        text = " ".join(m.content for m in dialogue.messages)
        assert all(catalog.title(row) in text for row in dialogue.seen)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared data are not here")
def test_the_real_inspired():
    items = read_redial_items(SHARED / "catalog/redial_items.json.gz")
    got = read_inspired(
        SHARED / "conversations/inspired_dialogues.tsv.gz", Catalog.from_items(items.values(), "film")
    )
    assert got.read == 99
    assert len(got.dialogues) > 20
    assert all(dialogue.liked and not set(dialogue.liked) & set(dialogue.seen) for dialogue in got.dialogues)
