from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.training.runs.callbacks import Recorder, headline
from safecrs.training.runs.log import TrainingLog, series

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)
LOGGED = st.dictionaries(st.text(max_size=5), NUMBERS, max_size=3)
LINES = st.lists(st.tuples(st.integers(0, 20), LOGGED), max_size=6)


@pytest.fixture
def log(tmp_path):
    return TrainingLog(tmp_path / "log.jsonl")


def test_nothing_logged(log):
    assert log.entries() == []
    log.rewind(3)
    assert not log.path.exists()


def test_entries_of_a_step_are_one(log):
    log.append(2, {"loss": 1.5, "kl": float("nan"), "far": float("inf"), "words": "no", "flag": True})
    log.append(1, {"loss": 2.5})
    log.append(2, {"validation/recall@10": 0.25, "loss": 1.25})
    assert log.entries() == [
        {"step": 1, "loss": 2.5},
        {"step": 2, "loss": 1.25, "validation/recall@10": 0.25},
    ]
    assert series(log.entries(), "loss") == [(1, 2.5), (2, 1.25)]
    assert series(log.entries(), "kl") == []


@pytest.mark.parametrize(
    "half",
    ['{"step": 3, "lo', '{"step": %s}' % ("9" * 400), "{", '{"loss": 1}', "[3]", "3", '"text"', "null", "�"],
)
def test_half_a_line_is_passed_over_and_forgotten_on_going_on(log, half):
    log.append(1, {"loss": 2.0})
    log.append(2, {"loss": 1.0})
    with log.path.open("a", encoding="utf-8") as file:
        file.write(half)
    assert [entry["step"] for entry in log.entries()] == [1, 2]
    log.rewind(1)
    log.append(2, {"loss": 0.5})
    assert series(log.entries(), "loss") == [(1, 2.0), (2, 0.5)]
    assert [json.loads(line)["step"] for line in log.path.read_text().splitlines()] == [1, 2]


@settings(deadline=None, max_examples=25)
@given(before=LINES, after=LINES, step=st.integers(0, 20))
def test_going_on_is_as_if_it_had_never_stopped(tmp_path_factory, before, after, step):
    folder = tmp_path_factory.mktemp("log")
    cut, whole = TrainingLog(folder / "cut"), TrainingLog(folder / "whole")
    for log, lines in ((cut, before), (whole, [line for line in before if line[0] <= step])):
        for at, values in lines:
            log.append(at, {f"_{name}": value for name, value in values.items()})
    cut.rewind(step)
    for log in (cut, whole):
        for at, values in after:
            log.append(at, {f"_{name}": value for name, value in values.items()})
    assert cut.entries() == whole.entries()


def test_tokens_a_second(log, monkeypatch):
    class State:
        global_step, max_steps, is_world_process_zero = 0, 9, True

    clock = iter([10.0, 12.0, 15.0])
    monkeypatch.setattr("safecrs.training.runs.callbacks.time.perf_counter", lambda: next(clock))
    told = []
    listener = Recorder(log, "SFT", lambda *step: told.append(step))
    for step, tokens in ((1, 100.0), (2, 300.0), (3, 900.0)):
        State.global_step = step
        listener.on_log(None, State, None, logs={"loss": 1.0, "num_tokens": tokens})
        listener.on_log(None, State, None, logs={"validation/recall@10": 0.5})
        listener.on_step_end(None, State, None)
    assert series(log.entries(), "tokens_per_second") == [(2, 100.0), (3, 200.0)]
    assert told[-1] == ("SFT", 3, 9, "loss 1.000  val. recall 0.500  tok/s 200")


def test_another_process_writes_nothing(log):
    class State:
        global_step, max_steps, is_world_process_zero = 1, 2, False

    Recorder(log, "SFT", None).on_log(None, State, None, logs={"loss": 1.0})
    assert not log.path.exists()


def test_the_headline_names_what_matters():
    logged = {
        "loss": 0.12345,
        "reward": 1.5,
        "rewards/safety/mean": -0.25,
        "rewards/safety/std": 0.5,
        "rewards/count/mean": 0.75,
        "slate/svr": 0.125,
        "slate/length": 9.5,
        "kl": 0.01,
        "tokens_per_second": 1234.5,
        "learning_rate": 1e-4,
    }
    assert headline(logged) == (
        "loss 0.123  SVR 12.5%  items 9.5  tok/s 1234  reward +1.50  (safety -0.25, count +0.75)  KL 0.010"
    )
    assert headline({}) == ""
