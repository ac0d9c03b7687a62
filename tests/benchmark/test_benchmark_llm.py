"""Traits assigned by a language model: what it is asked, what becomes of its answers."""

from __future__ import annotations

import json
import re

import pytest

from safecrs.benchmark import AssignmentPlan, Dialogue, LlmAssigner, LocalAssigner
from safecrs.benchmark.assignment import Rules
from safecrs.benchmark.assignment.llm import CHOSEN, MISFIT, NONE_AGREES, UNREADABLE
from safecrs.benchmark.assignment.local import NONE_FITS, WITHOUT
from safecrs.benchmark.filtering import VerdictTable, filter_liked
from safecrs.conversation import Message
from safecrs.endpoint import AnswerFile
from safecrs.errors import SafecrsError

pytest.importorskip("openai", reason="the extra llm is not installed")
from chat_server import ChatServer, Reply, error

# Unsafe among these: 0 for horror and gore, 5 for horror, 3 for disasters, 4 for animal harm.
CASE = Dialogue(
    "d", "test", "test", (Message(role="user", content="Ignore the list. Any tips?"),), (1,), (0, 5, 3, 4, 11)
)


@pytest.fixture
def server():
    with ChatServer() as server:
        yield server


@pytest.fixture
def rules(oracle):
    table = VerdictTable.of(oracle)

    def under(**changes):
        plan = AssignmentPlan(**({"without": 0.0, "counts": (1.0,), "min_kept": 1} | changes))
        return Rules(oracle.catalog, table, {"gore": re.compile("blood")}, plan)

    return under


def assigned(server, rules, case=CASE):
    return next(LlmAssigner(server.endpoint()).assign([case], rules))


def says(*traits):
    return json.dumps({"traits": traits})


def test_the_model_chooses_among_the_traits_that_fit(server, rules):
    server.says(says("disasters"))
    got = assigned(server, rules())
    assert (got.traits, got.how) == (("disasters",), CHOSEN)
    (body,) = server.requests
    system, user = (message["content"] for message in body["messages"])
    offered = re.findall(r"^- (\w+): ", system, re.MULTILINE)
    assert offered == ["animal_harm", "gore", "disasters", "horror"]
    assert "one id" in system
    assert json.loads(user) == {
        "conversation": [{"speaker": "user", "text": "Ignore the list. Any tips?"}],
        "recommended": ["Film 0 (1960)", "Film 5 (1965)", "Film 3 (1963)", "Film 4 (1964)", "Film 11 (1971)"],
    }
    assert body["temperature"] == 0.3
    asks_for_blood = Dialogue("d", "test", "t", (Message(role="user", content="blood!"),), (3,), CASE.liked)
    assigned(server, rules(), asks_for_blood)
    system = server.requests[-1]["messages"][0]["content"]
    assert re.findall(r"^- (\w+): ", system, re.MULTILINE) == ["animal_harm", "horror"]


@pytest.mark.parametrize(
    ("answer", "traits", "how"),
    [
        (says("Horror avoider (avoids scares & supernatural)"), ("horror",), CHOSEN),
        (says("no such trait", "needles", "gore"), ("gore",), CHOSEN),
        (says("gore", "horror"), ("gore",), CHOSEN),
        (says(), (), NONE_AGREES),
        (says("needles"), None, MISFIT),
        (says("vampires"), None, MISFIT),
        ("Certainly! I would say gore.", None, UNREADABLE),
        ('{"traits": "gore"}', None, UNREADABLE),
        ("", None, UNREADABLE),
    ],
)
def test_what_becomes_of_an_answer(server, rules, answer, traits, how):
    server.says(answer)
    got = assigned(server, rules())
    drawn = next(LocalAssigner().assign([CASE], rules()))
    assert got.how == how
    assert got.traits == (drawn.traits if traits is None else traits)


def test_several_traits_leave_enough(server, rules, oracle):
    server.says(says("horror", "disasters", "animal_harm", "gore"))
    table = VerdictTable.of(oracle)
    three = rules(counts=(0.0, 0.0, 1.0))
    assert assigned(server, three).traits == ("animal_harm", "disasters", "horror")
    assert "up to 3 ids" in server.requests[0]["messages"][0]["content"]
    for least in (2, 3):
        got = assigned(server, rules(counts=(0.0, 0.0, 1.0), min_kept=least))
        assert len(filter_liked(CASE.liked, got.traits, table)[0]) >= least
        assert got.traits


def test_nobody_is_asked_where_nothing_could_be_assigned(server, rules):
    nothing_fits = Dialogue("e", "test", "t", CASE.messages, (), (1, 2))
    got = list(LlmAssigner(server.endpoint()).assign([nothing_fits], rules()))
    assert [(one.traits, one.how) for one in got] == [((), NONE_FITS)]
    got = list(LlmAssigner(server.endpoint()).assign([CASE], rules(without=1.0)))
    assert [(one.traits, one.how) for one in got] == [((), WITHOUT)]
    assert server.requests == []


def test_order_shares_and_counts_are_those_of_the_local_assigner(server, rules):
    server.says(says("horror", "disasters", "animal_harm"))
    plan = rules(without=0.3, counts=(0.5, 0.3, 0.2))
    many = [Dialogue(f"d{n}", "test", "t", CASE.messages, (1,), CASE.liked) for n in range(120)]
    local = list(LocalAssigner().assign(many, plan))
    asked = list(LlmAssigner(server.endpoint(concurrency=2)).assign(iter(many), plan))
    assert [len(one.traits) for one in asked] == [len(one.traits) for one in local]
    assert len(server.requests) == sum(one.how == CHOSEN for one in asked) < 120


def test_kept_answers_are_not_asked_for_again(server, rules, tmp_path):
    # One set of answers a case, so that a mix-up would show.
    server.reply = lambda body: Reply(says(["horror", "gore"]["Film 4" in str(body)]))
    other = Dialogue("o", "test", "t", CASE.messages, (1,), (0, 5, 3, 11))
    first = LlmAssigner(server.endpoint(), AnswerFile(tmp_path / "answers"))
    assert [one.traits for one in first.assign([CASE, other], rules())] == [("gore",), ("horror",)]
    again = LlmAssigner(server.endpoint(), AnswerFile(tmp_path / "answers"))
    assert [one.traits for one in again.assign([other, CASE], rules())] == [("horror",), ("gore",)]
    assert len(server.requests) == 2
    changed = LlmAssigner(server.endpoint(model="other"), AnswerFile(tmp_path / "answers"))
    list(changed.assign([CASE], rules()))
    assert len(server.requests) == 3, "another model is another question"


def test_a_server_that_fails_ends_the_build(server, rules):
    server.reply = error(500, "out of memory")
    with pytest.raises(SafecrsError, match="500"):
        assigned(server, rules())
