"""Messages of a conversation, as every stage passes them on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ValidationError

from safecrs.errors import SafecrsError

Role = Literal["system", "user", "assistant"]


class Message(BaseModel, frozen=True, extra="forbid"):
    """One turn: who speaks and what they say."""

    role: Role
    content: str


Conversation = Sequence[Message]

MAX_CHARACTERS = 50_000
"""A longer conversation is refused: it would keep a recommender busy for seconds, and nobody writes it."""


_UNREAD = ("name", "tool_calls", "function_call", "annotations")
"""Fields that OpenAI's clients send along and that hold nothing a person said."""
_TEXTS = {"text": "text", "input_text": "text", "output_text": "text", "refusal": "refusal"}
"""Type of a content part → the field with its text."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def conversation(value: str | Iterable[Message | Mapping[str, object]]) -> tuple[Message, ...]:
    """Make a conversation of a single user turn or of a list of messages.

    Messages may have the forms of OpenAI's API: content in parts, of which those of text are joined and
    others refused; ``name``, tool calls, null content of the assistant; ``developer`` for the system. The
    whole has at most `MAX_CHARACTERS` and some text of the user. Lone surrogates become "�".
    """
    try:
        messages = tuple(
            map(_message, [{"role": "user", "content": value}] if isinstance(value, str) else value)
        )
    except (ValidationError, TypeError):  # whose text repeats the message
        raise SafecrsError(
            "A message needs a role (system, user or assistant) and a content, both text, and nothing else."
        ) from None
    if sum(len(m.content) for m in messages) > MAX_CHARACTERS:
        raise SafecrsError(
            f"The conversation is longer than {MAX_CHARACTERS:,} characters; leave out its older part."
        )
    if not any(m.role == "user" and m.content.strip() for m in messages):
        raise SafecrsError("The conversation is empty: give at least one user message with some text.")
    return messages


def _message(value: Message | Mapping[str, object]) -> Message:
    given = value.model_dump() if isinstance(value, Message) else {**value}
    fields = {name: entry for name, entry in given.items() if entry is not None and name not in _UNREAD}
    if fields.get("role") == "developer":
        fields["role"] = "system"
    if fields.get("role") == "assistant":
        refusal = fields.pop("refusal", "")
        fields.setdefault("content", refusal)
    if isinstance(content := fields.get("content"), list):
        fields["content"] = content = "\n".join(map(_text, content))
    if isinstance(content, str):
        fields["content"] = _LONE_SURROGATE.sub("\ufffd", content)
    return Message.model_validate(fields)


def _text(part: Mapping[str, object]) -> str:
    """The text of a content part."""
    kind = {**part}.get("type")
    if not isinstance(kind, str) or kind not in _TEXTS:
        raise SafecrsError(
            "A message holds a part that is not text, such as an image or a file: leave it out."
        )
    text = part.get(_TEXTS[kind])
    if not isinstance(text, str):
        raise TypeError
    return text
