"""Asking a real server: the request, what it refuses, what goes wrong, and what must never be told."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat_server import ChatServer, Reply, error
from safecrs.conversation import Message
from safecrs.endpoint import AnswerFile, Endpoint, with_instruction
from safecrs.errors import SafecrsError

SAID = "since my brother's suicide"
KEY = "sk-very-secret-42"
ASKED = (Message(role="user", content=f"A film, it has been a hard year {SAID}."),)
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def asked(number: int) -> tuple[Message, ...]:
    return (Message(role="user", content=f"question {number}"),)


def echo(body) -> Reply:
    return Reply(body["messages"][-1]["content"].replace("question", "answer"))


def test_a_chat_is_sent_as_the_protocol_has_it(server):
    server.says("Hello!")
    assert server.endpoint().chat(ASKED, max_tokens=7, seed=3) == "Hello!"
    (body,) = server.requests
    assert body == {
        "model": "small",
        "messages": [{"role": "user", "content": ASKED[0].content}],
        "max_tokens": 7,
        "temperature": 0.0,
        "seed": 3,
    }


def test_making_an_endpoint_sends_nothing(server):
    server.endpoint()
    assert server.requests == []


@pytest.mark.parametrize(
    ("environment", "key"),
    [
        ({}, "none"),
        ({"OPENAI_API_KEY": "theirs"}, "theirs"),
        ({"OPENAI_API_KEY": "theirs", "SAFECRS_API_KEY": " ours\n"}, "ours"),
        ({"SAFECRS_API_KEY": ""}, "none"),
    ],
)
def test_the_key_comes_from_the_environment(server, monkeypatch, environment, key):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    server.endpoint().chat(ASKED)
    assert server.keys == [f"Bearer {key}"]


def test_a_named_variable_has_no_stand_in(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    monkeypatch.setenv("MINE", "mine")
    server.endpoint(key_variable="MINE").chat(ASKED)
    server.endpoint(key_variable="ABSENT").chat(ASKED)
    assert server.keys == ["Bearer mine", "Bearer none"]


def test_a_key_that_is_none_is_refused_without_being_told(server, monkeypatch):
    monkeypatch.setenv("SAFECRS_API_KEY", "two words")
    with pytest.raises(SafecrsError, match="SAFECRS_API_KEY holds no key") as caught:
        server.endpoint().chat(ASKED)
    assert "two words" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["", "localhost:8000", "ftp://host/v1", "http://", "http://host:port", "http://[::1", "file:///v1"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(SafecrsError, match="is not a URL"):
        Endpoint(url, "small")


@pytest.mark.parametrize(
    "url", [f"http://me:{KEY}@host/v1", f"http://{KEY}@host/v1", f"https://host/v1?key={KEY}"]
)
def test_an_address_holds_no_key(url):
    with pytest.raises(SafecrsError, match="must hold no key") as caught:
        Endpoint(url, "small")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("changes", [{"timeout": 0}, {"retries": -1}, {"concurrency": 0}, {"model": " "}])
def test_settings_are_checked(changes):
    with pytest.raises(SafecrsError):
        Endpoint(**{"base_url": "http://host/v1", "model": "small"} | changes)


def test_a_schema_goes_into_the_request_and_the_system_message(server):
    server.says('{"n": 1}')
    assert server.endpoint().chat(ASKED, schema=SCHEMA) == '{"n": 1}'
    (body,) = server.requests
    assert body["response_format"]["type"] == "json_schema"
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert body["messages"][0]["role"] == "system"
    assert '"integer"' in body["messages"][0]["content"]
    assert body["messages"][1]["content"] == ASKED[0].content


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (400, "This response_format type is unavailable now"),  # DeepSeek
        (400, "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."),
        (422, "Unexpected fields in the request: {'response_format'}"),  # transformers serve
        (400, "guided decoding backend not configured"),
    ],
)
def test_a_server_that_refuses_schemas_is_asked_without_and_remembered(server, status, message):
    def reply(body):
        return error(status, message) if "response_format" in body else Reply('{"n": 1}')

    server.reply = reply
    endpoint = server.endpoint()
    assert endpoint.chat(ASKED, schema=SCHEMA) == '{"n": 1}'
    assert endpoint.chat(ASKED, schema=SCHEMA) == '{"n": 1}'
    assert ["response_format" in body for body in server.requests] == [True, False, False]
    assert all('"integer"' in body["messages"][0]["content"] for body in server.requests)


def test_a_model_that_takes_neither_temperature_nor_max_tokens(server):
    def reply(body):
        if "max_tokens" in body:
            return error(
                400,
                "Unsupported parameter: 'max_tokens' is not supported with this model."
                " Use 'max_completion_tokens' instead.",
            )
        if "temperature" in body:
            return error(400, "Unsupported value: 'temperature' does not support 0 with this model.")
        return Reply("Hello!")

    server.reply = reply
    assert server.endpoint().chat(ASKED, max_tokens=7) == "Hello!"
    assert server.requests[-1]["max_completion_tokens"] == 7
    assert server.requests[-1]["seed"] == 0


def test_what_was_refused_is_remembered_only_when_that_helped(server):
    server.reply = error(400, "This model's maximum context length is 2048 tokens.")
    endpoint = server.endpoint()
    with pytest.raises(SafecrsError, match="may be too long"):
        endpoint.chat(ASKED, schema=SCHEMA)
    server.says('{"n": 1}')
    endpoint.chat(ASKED, schema=SCHEMA)
    assert "response_format" in server.requests[-1]


def test_thoughts_are_no_answer(server):
    server.says("<think>Alien (1979)? No.</think>\n\nAliens (1986)")
    assert server.endpoint().chat(ASKED) == "Aliens (1986)"


def test_a_refusal_is_an_empty_answer(server):
    server.reply = Reply(text=None)
    assert server.endpoint().chat(ASKED) == ""


def test_a_busy_server_is_asked_again(server):
    replies = [error(429, "Rate limit reached"), error(503, "Overloaded"), Reply("Hello!")]
    server.reply = lambda _: replies.pop(0)
    assert server.endpoint(retries=2).chat(ASKED) == "Hello!"
    assert len(server.requests) == 3


@pytest.mark.parametrize("headers", [{"retry-after-ms": "1"}, {"retry-after-ms": "soon", "retry-after": "0"}])
def test_a_busy_server_is_asked_so_often_and_no_more(server, headers):
    server.reply = error(429, "Rate limit reached", **headers)
    with pytest.raises(SafecrsError, match="quota"):
        server.endpoint(retries=2).chat(ASKED)
    assert len(server.requests) == 3


def test_a_slow_server_is_not_given_the_same_work_again(server):
    server.reply = Reply("late", after=0.6)
    with pytest.raises(SafecrsError, match="did not answer within"):
        server.endpoint(retries=2, timeout=0.2).chat(ASKED)
    assert len(server.requests) == 1


TROUBLES = {
    "401": (error(401, f"Incorrect API key provided: {KEY}."), "refused the key"),
    "403": (error(403, "Forbidden"), "refused the key"),
    "404": (error(404, "The model `small` does not exist."), "does not serve 'small'"),
    "429": (error(429, "You exceeded your current quota"), "quota"),
    "400": (error(400, f"bad message: {ASKED[0].content}"), "refused the request"),
    "500": (error(500, f"traceback of {ASKED[0].content}"), "see the server's log"),
    "redirect": (Reply(status=307, headers={"Location": "http://127.0.0.1:9/v1"}), "sends us elsewhere"),
    "html": (Reply(body="<html>hi</html>", headers={"Content-Type": "text/html"}), "like a chat API"),
    "no JSON": (Reply(body=f'{{"choices": "{SAID}'), "like a chat API"),
    "no choices": (Reply(body={"choices": [], "object": "chat.completion"}), "like a chat API"),
    "another API": (Reply(body={"answer": SAID}), "like a chat API"),
    "a list": (Reply(body=[SAID]), "like a chat API"),
    "choices by name": (Reply(body={"choices": {"0": SAID}}), "like a chat API"),
    "a long number": (Reply(body='{"choices": ' + "9" * 5000 + "}"), "like a chat API"),
    "a deep list": (Reply(body='{"choices": ' + "[" * 100_000 + "]" * 100_000 + "}"), "like a chat API"),
    "no text": (Reply(body={"choices": [{"message": {"content": {"a": SAID}}}]}), "like a chat API"),
    "too slow": (Reply("late", after=1.0), "did not answer within 0.3 seconds"),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_is_one_sentence_that_tells_nothing(server, monkeypatch, caplog, name):
    monkeypatch.setenv("SAFECRS_API_KEY", KEY)
    server.reply, sentence = TROUBLES[name]
    endpoint = server.endpoint(timeout=0.3)
    with caplog.at_level(logging.DEBUG), pytest.raises(SafecrsError, match=sentence) as caught:
        endpoint.chat(ASKED)
    trace = "".join(traceback.format_exception(caught.value))
    for text in (trace, caplog.text, repr(caught.value.__context__), repr(endpoint)):
        assert SAID not in text
        assert KEY not in text
    assert caught.value.__context__ is None
    assert server.url in str(caught.value)


def test_a_server_that_is_not_there():
    with ChatServer() as server:
        endpoint = server.endpoint()
    with pytest.raises(SafecrsError, match="cannot be reached"):
        endpoint.chat(ASKED)


def test_an_address_without_its_end(server):
    with pytest.raises(SafecrsError, match="mostly in /v1"):
        server.endpoint(base_url=server.url.removesuffix("/v1")).chat(ASKED)


def test_nothing_is_logged_however_much_is_asked_for(server):
    """In a process of its own: logging of the client is set up when it is imported."""
    server.says(SAID)
    code = (
        "import logging; logging.basicConfig(level=logging.DEBUG);"
        "from safecrs.endpoint import Endpoint; from safecrs.conversation import Message;"
        f"Endpoint({server.url!r}, 'small').chat([Message(role='user', content={SAID!r})])"
    )
    environment = {"OPENAI_LOG": "debug", "SAFECRS_API_KEY": KEY}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert len(server.requests) == 1
    for told in (SAID, KEY, server.url):
        assert told not in done.stdout + done.stderr


def test_without_the_extra(server, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    with pytest.raises(SafecrsError, match=r"pip install -e '\.\[llm\]'"):
        server.endpoint().chat(ASKED)


BODIES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "error", "id"]), inner)
    ),
    max_leaves=8,
)


@given(BODIES | st.text(max_size=20))
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_server_answers_is_text_or_one_sentence(server, body):
    server.reply = Reply(body=body if isinstance(body, str) else json.dumps(body))
    with suppress(SafecrsError):
        server.endpoint().chat(ASKED).encode()


def test_lone_surrogates_of_an_answer_are_replaced(server):
    server.says("caf\udce9")
    assert server.endpoint().chat(ASKED) == "caf?"


def test_lone_surrogates_are_sent_as_something(server):
    server.endpoint().chat([Message(role="user", content="a\ud800b")])
    assert server.requests[0]["messages"][0]["content"] == "a?b"


def test_many_keep_their_order_and_run_at_once(server):
    server.reply = lambda body: Reply(
        echo(body).text, after=0.02 * (int(body["messages"][0]["content"][-1]) % 3)
    )
    told = []
    texts = server.endpoint(concurrency=4).chat_many(
        [asked(number) for number in range(12)], progress=lambda *step: told.append(step)
    )
    assert texts == [f"answer {number}" for number in range(12)]
    assert told == [(done, 12) for done in range(1, 13)]
    assert 1 < server.most_at_once <= 4


def test_many_of_none(server):
    assert server.endpoint().chat_many([]) == []
    assert server.requests == []


def test_many_end_at_the_first_error(server):
    def reply(body):
        return error(401, "no") if body["messages"][0]["content"] == "question 3" else echo(body)

    server.reply = reply
    with pytest.raises(SafecrsError, match="refused the key"):
        server.endpoint(concurrency=2).chat_many([asked(number) for number in range(50)])
    time.sleep(0.05)
    assert len(server.requests) < 10


def test_many_go_on_where_they_stopped(server, tmp_path):
    def reply(body):
        return error(500, "down") if body["messages"][0]["content"] == "question 5" else echo(body)

    conversations = [asked(number) for number in range(8)]
    server.reply = reply
    with pytest.raises(SafecrsError):
        server.endpoint(concurrency=1).chat_many(
            conversations, answers=AnswerFile(tmp_path / "answers.jsonl")
        )
    assert len(server.requests) == 6
    server.reply = echo
    told = []
    answers = AnswerFile(tmp_path / "answers.jsonl")
    assert len(answers) == 5
    texts = server.endpoint(concurrency=1).chat_many(
        conversations, answers=answers, progress=lambda *step: told.append(step)
    )
    assert texts == [f"answer {number}" for number in range(8)]
    assert len(server.requests) == 9
    assert told == [(5, 8), (6, 8), (7, 8), (8, 8)]


def test_answers_are_those_to_the_same_question(server):
    server.reply = echo
    answers: dict[str, str] = {}

    class Held:
        get = answers.get
        put = answers.__setitem__

    ask = server.endpoint(concurrency=1).chat_many
    ask([asked(1)], answers=Held)
    ask([asked(1)], answers=Held)
    assert len(server.requests) == 1
    for changed in ({"max_tokens": 5}, {"temperature": 1.0}, {"seed": 1}, {"schema": SCHEMA}):
        ask([asked(1)], answers=Held, **changed)
    server.endpoint(model="other").chat_many([asked(1)], answers=Held)
    assert len(server.requests) == 6
    assert len(answers) == 6


def test_nobody_waits_for_answers_after_ctrl_c(server):
    server.reply = Reply("late", after=30.0)
    code = (
        "from safecrs.endpoint import Endpoint; from safecrs.conversation import Message;"
        f"Endpoint({server.url!r}, 'small').chat_many([[Message(role='user', content='Hi')]] * 9)"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    try:
        while not server.requests:
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) != 0
    finally:
        process.kill()


def test_callbacks_run_in_the_calling_thread(server):
    threads = []
    server.endpoint().chat_many(
        [asked(1), asked(2)], progress=lambda *_: threads.append(threading.current_thread())
    )
    assert set(threads) == {threading.main_thread()}


@given(st.lists(st.sampled_from(["system", "user", "assistant"]), max_size=4))
def test_an_instruction_is_one_system_message_at_the_beginning(roles):
    messages = [Message(role=role, content=f"text {number}") for number, role in enumerate(roles)]
    told = with_instruction(messages, "Be brief.")
    assert told[0].role == "system"
    assert told[0].content.endswith("Be brief.")
    kept = 1 if roles[:1] == ["system"] else 0
    assert list(told[1:]) == messages[kept:]
    assert all(message.content in told[0].content for message in messages[:kept])
