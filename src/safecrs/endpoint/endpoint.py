"""An endpoint: where a model is served, and how to ask it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from safecrs.conversation import Message
from safecrs.endpoint.answers import Answers
from safecrs.endpoint.connection import KEY_VARIABLE, Connection
from safecrs.endpoint.many import in_order
from safecrs.endpoint.structured import with_schema
from safecrs.errors import SafecrsError
from safecrs.storage import fingerprint

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Endpoint:
    """A model behind an OpenAI-compatible chat API: vLLM's server, llama.cpp's, a hosted one.

    **Conversations are sent to it.** Making an endpoint sends nothing; asking it does, and only to
    ``base_url``: redirects are not followed.

    Attributes:
        base_url: as its server names it, mostly ending in ``/v1``.
        model: the name under which the server knows the model.
        key_variable: the environment variable that holds the key, which is read when the endpoint is first
            asked. Where it is unset, ``OPENAI_API_KEY`` stands in for the default one; without either the key
            is "none", which servers of one's own take.
        timeout: seconds to wait for one answer.
        retries: of a request that a server was too busy for (429, 5xx) or that found none.
        concurrency: requests under way at once in `chat_many`.
    """

    base_url: str
    model: str
    key_variable: str = KEY_VARIABLE
    timeout: float = 300.0
    retries: int = 3
    concurrency: int = 8

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.base_url)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # a port or an IPv6 address that is none
            sound = False
        if not sound:
            raise SafecrsError("The endpoint's address is not a URL; write it like http://localhost:8000/v1.")
        if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
            raise SafecrsError(  # without the address: it may hold the key
                "The endpoint's address must hold no key, user or query;"
                f" put the key in the environment variable {KEY_VARIABLE}."
            )
        if not self.model.strip():
            raise SafecrsError("Name the model that the endpoint serves.")
        if self.timeout <= 0 or self.retries < 0 or self.concurrency < 1:
            raise SafecrsError(
                "An endpoint needs a timeout above 0, retries from 0 and a concurrency from 1."
            )

    def chat(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
    ) -> str:
        """The model's answer as it wrote it, without the thoughts of a reasoning model; may be empty.

        Args:
            schema: a JSON schema that the answer is asked to follow: in the system message, and through
                ``response_format`` unless the server refuses that. Nothing guarantees that the model does:
                read the answer with `parse_answer`.
            temperature, seed: left out where the server refuses them.

        Raises:
            SafecrsError: there is no answer; the message repeats neither the conversation nor the server.
        """
        return self._connection.answer(
            with_schema(messages, schema) if schema else messages,
            schema=schema,
            max_tokens=max_tokens,
            temperature=temperature,
            seed=seed,
        )

    def chat_many(
        self,
        conversations: Sequence[Sequence[Message]],
        *,
        schema: Mapping[str, Any] | None = None,
        max_tokens: int = 1024,
        temperature: float = 0.0,
        seed: int = 0,
        answers: Answers | None = None,
        progress: Progress | None = None,
    ) -> list[str]:
        """The answer to each conversation, in order, ``concurrency`` of them asked for at once.

        Args:
            answers: keeps answers and gives those it has: an `AnswerFile` makes long work resumable.
            progress: called with the number of answers so far and of all, in this thread.

        Raises:
            SafecrsError: an answer is missing; those that came before are in ``answers``.
        """
        options: dict[str, Any] = {
            "schema": schema,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
        }
        keys = [self._key(messages, options) for messages in conversations] if answers is not None else []
        known = {
            number: held
            for number, key in enumerate(keys)
            if answers is not None and (held := answers.get(key)) is not None
        }
        missing = [number for number in range(len(conversations)) if number not in known]
        arrived = len(known)
        if progress and known:
            progress(arrived, len(conversations))

        def came(position: int, text: str) -> None:
            nonlocal arrived
            arrived += 1
            if answers is not None:
                answers.put(keys[missing[position]], text)
            if progress:
                progress(arrived, len(conversations))

        if missing:
            _ = self._connection  # made once, here
        fresh = in_order(
            lambda position: self.chat(conversations[missing[position]], **options),
            len(missing),
            self.concurrency,
            came,
        )
        merged = known | dict(zip(missing, fresh, strict=True))
        return [merged[number] for number in range(len(conversations))]

    @cached_property
    def _connection(self) -> Connection:
        return Connection(self.base_url, self.model, self.key_variable, self.timeout, self.retries)

    def _key(self, messages: Sequence[Message], options: Mapping[str, Any]) -> str:
        """Changes with anything that the answer depends on."""
        said = [[message.role, message.content] for message in messages]
        asked = [self.base_url, self.model, said, dict(options)]
        return fingerprint(json.dumps(asked, ensure_ascii=False, sort_keys=True))
