from __future__ import annotations

import pytest

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


def test_a_long_conversation_may_be_just_so_long():
    assert len(conversation("a" * MAX_CHARACTERS)) == 1
