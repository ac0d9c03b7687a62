"""JSON out of whatever a model wrote, and answers on disk."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from safecrs.endpoint import AnswerFile, parse_answer
from safecrs.errors import SafecrsError


class Numbers(BaseModel):
    ns: list[int]


class Form(BaseModel):
    n: int
    why: str = ""


class Loose(BaseModel):
    n: int
    why: str | float | list[object]


@pytest.mark.parametrize(
    "text",
    [
        '{"n": 3}',
        ' \n{"n": 3}\n',
        '```json\n{"n": 3}\n```',
        'Sure! Here is the JSON you asked for:\n\n{"n": 3}\n\nLet me know if I can help.',
        '{"m": 1} was my first thought, but {"n": 3}',
        'I first wanted {"n": 1}; no: {"n": 3}',
        '{ not JSON } {"n": 3}',
        '{"n": "3"}',
        '{{"n": 3}}',
    ],
)
def test_an_answer_is_found_amid_prose(text):
    assert parse_answer(text, Form).n == 3


@pytest.mark.parametrize(
    "text", ["", "no", "[1]", '{"n": "many"}', '{"n": 3', "{" * 100_000, '{"m": 3}', "null"]
)
def test_what_is_no_answer_is_told_without_repeating_it(text):
    with pytest.raises(SafecrsError, match="did not answer in the form") as caught:
        parse_answer(text, Form)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ('{"ns": [1, 2]} If nothing were said I would have answered {"ns": []}.', [1, 2]),
        ('<think>Perhaps {"ns": [1, 2, 3]}? No.</think>{"ns": [1]}', [1]),
        ('Perhaps {"ns": [1, 2, 3]}? No.</THINK>\n{"ns": [1]}', [1]),
        ('<analysis>{"ns": [1]}</analysis>```json\n{"ns": [4]}\n```<think>{"ns": [1, 1]}', [4]),
    ],
)
def test_neither_a_thought_nor_an_example_replaces_the_answer(text, right):
    assert parse_answer(text, Numbers).ns == right


def test_a_thought_that_never_ends_is_no_answer():
    with pytest.raises(SafecrsError, match="did not answer in the form"):
        parse_answer('<think>Perhaps {"ns": [1]}', Numbers)


@pytest.mark.parametrize("value", ["9" * 5000, "1e999", "NaN", "-Infinity", '"\\ud800"', "[" * 50_000])
def test_values_that_nothing_could_use_are_no_answer(value):
    with pytest.raises(SafecrsError, match="did not answer in the form"):
        parse_answer(f'{{"n": 3, "why": {value}}}', Loose)
    assert parse_answer(f'{{"n": {value}}} or rather {{"n": 4}}', Form).n == 4


def test_a_hostile_answer_takes_no_time():
    started = time.perf_counter()
    for text in ('{"a":' * 60_000, '{"a":1}' * 60_000, '{"a":[' + "1," * 100_000):
        with pytest.raises(SafecrsError):
            parse_answer(text, Form)
    assert time.perf_counter() - started < 3


@given(st.integers(), st.text(max_size=40), st.text(alphabet="ab }\n\"'`", max_size=40))
def test_any_object_is_read_back(number, why, around):
    text = f"{around}{json.dumps({'n': number, 'why': why})}{around}"
    assert parse_answer(text, Form) == Form(n=number, why=why)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text):
    with suppress(SafecrsError):
        assert isinstance(parse_answer(text, Form), Form)


def test_answers_are_kept_whatever_they_say(tmp_path):
    path = tmp_path / "deep" / "answers.jsonl"
    said = {"a": "line\nbreak", "b": "", "c": "“é” \u2028"}
    answers = AnswerFile(path)
    for key, text in said.items():
        answers.put(key, text)
    again = AnswerFile(path)
    assert {key: again.get(key) for key in said} == said
    assert again.get("d") is None


def test_a_line_that_was_cut_off_is_left_out(tmp_path):
    path = tmp_path / "answers.jsonl"
    answers = AnswerFile(path)
    answers.put("a", "one")
    answers.put("b", "two")
    path.write_bytes(path.read_bytes()[:-9])
    answers = AnswerFile(path)
    assert (answers.get("a"), answers.get("b")) == ("one", None)
    answers.put("b", "again")
    answers.put("c", "three")
    again = AnswerFile(path)
    assert [again.get(key) for key in "abc"] == ["one", "again", "three"]


@given(
    st.lists(
        st.sampled_from(
            ["9" * 5000, "[" * 50_000, '{"key": 1e999, "answer": 1}', "[]", "null", "\x00", "\udcff"]
        )
        | st.text(max_size=20)
    )
)
def test_damaged_lines_are_passed_over(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("a") / "answers.jsonl"
    whole = json.dumps({"key": "k", "answer": "kept"})
    path.write_bytes("\n".join([*lines, whole, ""]).encode(errors="surrogateescape"))
    assert AnswerFile(path).get("k") == "kept"


def test_another_file_is_not_written_into(tmp_path):
    path = tmp_path / "films.csv"
    path.write_text("title,year\nAlien,1979\n")
    with pytest.raises(SafecrsError, match="does not hold answers"):
        AnswerFile(path)
    assert path.read_text() == "title,year\nAlien,1979\n"


def test_a_place_that_cannot_be_written_is_told_at_once(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SafecrsError, match="Cannot write"):
        AnswerFile(tmp_path / "file" / "answers.jsonl")
    with pytest.raises(SafecrsError, match="Cannot read"):
        AnswerFile(tmp_path)
