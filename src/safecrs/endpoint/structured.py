"""Ask for JSON answers, and read them from free text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from safecrs.conversation import Message
from safecrs.errors import SafecrsError
from safecrs.storage import parse_json

Form = TypeVar("Form", bound=BaseModel)

_MAX_CHARACTERS = 200_000
_MAX_STARTS = 200
"""Bounds on the time that a hostile answer can take."""
_NAME = r"(?:think|thinking|thoughts?|reasoning|analysis|reflection)"
_REASONING = re.compile(rf"<({_NAME})>.*?(?:</\1>|\Z)", re.IGNORECASE | re.DOTALL)
_UNOPENED = re.compile(rf"\A.*</{_NAME}>", re.IGNORECASE | re.DOTALL)


def with_instruction(messages: Sequence[Message], text: str) -> tuple[Message, ...]:
    """The conversation with ``text`` at the end of its first system message, which is made if need be.

    Many chat templates take one system message, and only at the beginning.
    """
    if messages and messages[0].role == "system":
        return (Message(role="system", content=f"{messages[0].content}\n\n{text}"), *messages[1:])
    return (Message(role="system", content=text), *messages)


def with_schema(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """The conversation with the demand for JSON of this schema: some servers ignore ``response_format``."""
    written = json.dumps(schema, ensure_ascii=False)
    return with_instruction(
        messages, f"Answer with one JSON object and nothing else, following this JSON schema:\n{written}"
    )


def parse_answer(text: str, form: type[Form]) -> Form:
    """The JSON object in an answer, as ``form``: bare, in a code fence or amid prose.

    Reasoning blocks are skipped. Of several objects that fit, the one with most values counts, of equal ones
    the last: "had you said nothing, I would have answered ``{"findings": []}``" takes nothing back.

    Raises:
        SafecrsError: there is none; the message does not repeat the answer.
    """
    fits: list[tuple[int, Form]] = []
    for value in _objects(_UNOPENED.sub("", _REASONING.sub("", text[:_MAX_CHARACTERS]))):
        with suppress(ValidationError, RecursionError):
            fits.append((_values(value), form.model_validate(value)))
    if not fits:
        raise SafecrsError(
            "The endpoint's model did not answer in the form it was asked for; try another model."
        )
    return max(reversed(fits), key=itemgetter(0))[1]


def _values(value: object) -> int:
    """The number of values in a JSON value, those of its objects and lists included."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_values, parts))


def _objects(text: str) -> Iterator[dict[str, Any]]:
    """Outermost JSON objects in a text, in order."""
    decoder = json.JSONDecoder()
    position = text.find("{")
    for _ in range(_MAX_STARTS):
        if position < 0:
            return
        try:
            _, end = decoder.raw_decode(text, position)
            yield parse_json(text[position:end], "An answer")
        except (SafecrsError, ValueError, RecursionError):
            end = position + 1
        position = text.find("{", end)
