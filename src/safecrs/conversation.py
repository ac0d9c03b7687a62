"""Messages of a conversation, as every stage passes them on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from safecrs.errors import SafecrsError

Role = Literal["system", "user", "assistant"]


class Message(BaseModel):
    """One turn: who speaks and what they say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    content: str


Conversation = Sequence[Message]

MAX_CHARACTERS = 50_000
"""A longer conversation is refused: it would keep a recommender busy for seconds, and nobody writes it."""


def conversation(value: str | Iterable[Message | dict[str, str]]) -> tuple[Message, ...]:
    """Make a conversation of a single user turn or of a list of messages.

    Raises:
        SafecrsError: there is no user message with any text in it, a message has another form, or the whole
            is longer than `MAX_CHARACTERS`.
    """
    try:
        messages = (
            (Message(role="user", content=value),)
            if isinstance(value, str)
            else tuple(m if isinstance(m, Message) else Message.model_validate(m) for m in value)
        )
    except ValidationError:  # whose text repeats the message
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
