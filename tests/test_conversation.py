from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.conversation import MAX_CHARACTERS, Message, conversation
from safecrs.errors import SafecrsError


def test_text_and_messages_make_conversations():
    assert conversation("Hi") == (Message(role="user", content="Hi"),)
    turns = [{"role": "assistant", "content": "Hello"}, Message(role="user", content="Hi")]
    assert [message.role for message in conversation(turns)] == ["assistant", "user"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("  ", "empty"),
        ([], "empty"),
        ([{"role": "assistant", "content": "Hello"}], "empty"),
        ([{"role": "robot", "content": "my secret"}], "role"),
        (
            [{"role": "user", "content": "a" * 30_000}, {"role": "user", "content": "b" * 20_001}],
            "longer than 50,000",
        ),
    ],
)
def test_what_is_no_conversation_is_refused_without_repeating_it(value, words):
    with pytest.raises(SafecrsError, match=words) as error:
        conversation(value)
    assert "secret" not in str(error.value)


PART = {"type": "text", "text": "no clowns please"}


@pytest.mark.parametrize(
    ("message", "role", "content"),
    [
        (
            {"role": "user", "content": [PART, {"type": "text", "text": "thanks"}]},
            "user",
            "no clowns please\nthanks",
        ),
        ({"role": "user", "name": "ada", "content": "hello"}, "user", "hello"),
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, "assistant", ""),
        ({"role": "assistant", "tool_calls": [{"id": "1"}]}, "assistant", ""),
        ({"role": "assistant", "content": "well", "refusal": None, "audio": None}, "assistant", "well"),
        ({"role": "assistant", "content": None, "refusal": "I cannot"}, "assistant", "I cannot"),
        ({"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}, "assistant", "no"),
        ({"role": "developer", "content": "be brief"}, "system", "be brief"),
        ({"role": "user", "content": "caf\udce9"}, "user", "caf\ufffd"),
    ],
)
def test_messages_as_openai_clients_send_them(message, role, content):
    given = [message, Message(role="user", content="hi")]
    assert conversation(given)[0] == Message(role=role, content=content)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "my secret"}},
        {"type": "input_audio"},
        {"type": ["text"], "text": "my secret"},
        {"text": "my secret"},
    ],
)
def test_parts_that_are_not_text_are_refused(part):
    with pytest.raises(SafecrsError, match="not text") as error:
        conversation([{"role": "user", "content": [PART, part]}])
    assert "secret" not in str(error.value)


NAMES = st.sampled_from(["role", "content", "type", "text", "name", "refusal", "tool_calls"]) | st.text(
    max_size=3
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@given(
    JSON | st.lists(st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant"]), "content": JSON}))
)
def test_whatever_is_sent_is_a_conversation_or_refused_in_one_sentence(value):
    with suppress(SafecrsError):
        for message in conversation(value):
            message.content.encode()


def test_a_long_conversation_may_be_just_so_long():
    assert len(conversation("a" * MAX_CHARACTERS)) == 1
