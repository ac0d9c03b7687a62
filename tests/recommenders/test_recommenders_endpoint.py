"""A served model as a ranker: what it is asked, how its list is read, and the oracle's filter behind it."""

from __future__ import annotations

import pytest
from ranker_world import ask

from chat_server import ChatServer, Reply, error
from safecrs.conversation import Message
from safecrs.endpoint import AnswerFile
from safecrs.errors import SafecrsError
from safecrs.recommenders.filtered import FilteredRanker
from safecrs.recommenders.rankers.endpoint import MAX_CHARACTERS, EndpointRanker
from safecrs.slates.base import Request

LIST = """Here you are:
1. **Alien** (1979)
2. Unforgiven (1992)
3. No Such Film (1999)
4. Emma (1996)
5. Emma (1996)"""


@pytest.fixture
def server():
    with ChatServer() as server:
        yield server


def test_the_slate_is_what_the_model_wrote(server, catalog):
    server.says(LIST)
    ranker = EndpointRanker(server.endpoint(), catalog)
    (slate,) = ranker.recommend([ask("space!")], 10)
    assert [(item.title, item.year, item.row) for item in slate] == [
        ("Alien", 1979, 0),
        ("Unforgiven", 1992, 3),
        ("No Such Film", 1999, -1),
        ("Emma", 1996, 6),
        ("Emma", 1996, 6),
    ]
    assert ranker.name == "small"
    assert len(ranker.recommend([ask("space!")], 2)[0]) == 2


def test_the_model_is_asked_for_k_and_told_no_constraint(server, catalog):
    server.says("")
    ranker = EndpointRanker(server.endpoint(), catalog)
    assert ranker.recommend([ask("space, but I faint at blood", ["gore"])], 7) == [[]]
    (body,) = server.requests
    system, user = body["messages"]
    assert "Recommend 7 films" in system["content"]
    assert "gore" not in system["content"]
    assert user == {"role": "user", "content": "space, but I faint at blood"}
    assert "response_format" not in body


def test_requests_keep_their_order(server, catalog):
    server.reply = lambda body: Reply(body["messages"][-1]["content"], after=0.02 * ("Alien" in str(body)))
    wanted = ["Alien (1979)", "Emma (1996)", "Heat (1995)", "Clueless (1995)"]
    slates = EndpointRanker(server.endpoint(), catalog).recommend([ask(text) for text in wanted], 3)
    assert [slate[0].row for slate in slates] == [0, 6, 8, 5]


def test_behind_the_filter_nothing_unsafe_comes_out(server, catalog, oracle):
    server.says(LIST)
    ranker = FilteredRanker(EndpointRanker(server.endpoint(), catalog), oracle)
    (slate,) = ranker.recommend([ask("space!", ["gore"])], 3)
    assert [item.title for item in slate] == ["No Such Film", "Emma"], "once each"
    assert "Recommend 12 films" in server.requests[0]["messages"][0]["content"]
    assert ranker.name == "small + filter"


def test_long_conversations_lose_their_oldest_messages(server, catalog):
    server.says("")
    ranker = EndpointRanker(server.endpoint(), catalog)
    old, recent = "o" * MAX_CHARACTERS, "r" * 9_000
    messages = [Message(role="user", content=text) for text in (old, recent, "and now?")]
    ranker.recommend([Request(tuple(messages)), ask("x" * (MAX_CHARACTERS + 10) + "!")], 3)
    sent = sorted((body["messages"][1:] for body in server.requests), key=len)
    assert [message["content"] for message in sent[1]] == [recent, "and now?"]
    assert len(sent[0][0]["content"]) == MAX_CHARACTERS
    assert sent[0][0]["content"].endswith("x!")


def test_a_system_message_of_the_conversation_stays_one(server, catalog):
    server.says("")
    messages = (Message(role="system", content="Be kind."), Message(role="user", content="space!"))
    EndpointRanker(server.endpoint(), catalog).recommend([Request(messages)])
    assert [message["role"] for message in server.requests[0]["messages"]] == ["system", "user"]
    assert server.requests[0]["messages"][0]["content"].startswith("Be kind.")


def test_work_goes_on_where_it_stopped(server, catalog, tmp_path):
    server.reply = lambda body: error(500, "down") if "two" in str(body) else Reply("Emma (1996)")
    requests = [ask("one"), ask("two"), ask("three")]

    def ranker():
        answers = AnswerFile(tmp_path / "answers.jsonl")
        return EndpointRanker(server.endpoint(concurrency=1), catalog, answers=answers)

    with pytest.raises(SafecrsError, match="failed"):
        ranker().recommend(requests)
    server.says("Alien (1979)")
    slates = ranker().recommend(requests)
    assert [slate[0].title for slate in slates] == ["Emma", "Alien", "Alien"]
    assert ranker().recommend(requests) == slates
    assert len(server.requests) == 4


def test_no_request_is_no_question(server, catalog):
    assert EndpointRanker(server.endpoint(), catalog).recommend([]) == []
    assert server.requests == []
