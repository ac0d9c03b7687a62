"""One request to a server: fields it refuses are left out, errors become one sentence."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from safecrs.conversation import Message
from safecrs.errors import SafecrsError, extra

if TYPE_CHECKING:
    import openai

KEY_VARIABLE = "SAFECRS_API_KEY"
_STAND_IN = "OPENAI_API_KEY"
_NO_KEY = "none"
_LOGGERS = ("openai", "httpx", "httpx2", "httpcore", "httpcore2")
_OPTIONAL = ("response_format", "seed", "temperature", "max_tokens")
_REFUSED = (400, 422)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0
"""Seconds."""
_THOUGHT = "</think>"


class Connection:
    """A client of one server. Threads may share it."""

    def __init__(self, base_url: str, model: str, key_variable: str, timeout: float, retries: int) -> None:
        self._url, self._model, self._key_variable = base_url, model, key_variable
        self._timeout, self._retries = timeout, retries
        self._client = _client(base_url, _key(key_variable), timeout)
        # What a server refused once it refuses always: some models take no temperature or max_tokens.
        self._refused: frozenset[str] = frozenset()

    def answer(
        self,
        messages: Sequence[Message],
        *,
        schema: Mapping[str, Any] | None,
        max_tokens: int,
        temperature: float,
        seed: int,
    ) -> str:
        """The text of the answer; see `Endpoint.chat`."""
        fields: dict[str, Any] = {
            "messages": [{"role": message.role, "content": _utf8(message.content)} for message in messages],
            "model": self._model,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "seed": seed,
        }
        if schema:
            form = {"name": "answer", "schema": dict(schema), "strict": True}
            fields["response_format"] = {"type": "json_schema", "json_schema": form}
        refused = self._refused
        while True:
            completion, error = self._ask(fields, refused)
            if error is None:
                self._refused |= refused
                return self._text(completion)
            more = _complaint(error, [name for name in fields if name not in refused])
            if more is None:
                # Outside an except block: that error's text may hold the conversation.
                raise SafecrsError(self._sentence(error))
            refused |= {more}

    def _ask(self, fields: Mapping[str, Any], refused: frozenset[str]) -> tuple[Any, Exception | None]:
        import openai

        sent = {name: value for name, value in fields.items() if name not in refused}
        if "max_tokens" in refused:
            sent["max_completion_tokens"] = fields["max_tokens"]
        failure: Exception | None = None
        for attempt in range(self._retries + 1):
            try:
                return self._client.chat.completions.create(**sent), None
            except (openai.OpenAIError, ValueError, RecursionError) as error:
                failure = error  # not openai's own: the body is not the JSON it says
            if attempt == self._retries or not _passing(failure):
                break
            time.sleep(_pause(failure, attempt))
        return None, failure

    def _text(self, completion: Any) -> str:
        text: Any = completion
        with suppress(AttributeError, LookupError, TypeError):
            # None is a refusal, or a budget spent on thinking.
            text = completion.choices[0].message.content or ""
        if not isinstance(text, str) or text is completion:
            raise SafecrsError(f"{self._url} did not answer like a chat API; is this its address?")
        return _utf8(text.rpartition(_THOUGHT)[2].strip())

    def _sentence(self, error: Exception) -> str:
        """The error as a sentence, without the server's words: they may repeat conversation or key."""
        import openai

        url, model = self._url, self._model
        match error:
            case openai.APITimeoutError():
                waited = f"within {self._timeout:g} seconds"
                return f"{url} did not answer {waited}; raise the timeout or ask less at once."
            case openai.APIConnectionError():
                return f"{url} cannot be reached; is the server running, and is this its address?"
            case openai.APIStatusError(status_code=401 | 403 as status):
                place = f"the environment variable {self._key_variable}"
                return f"{url} refused the key ({status}); put a valid one in {place}."
            case openai.APIStatusError(status_code=404):
                return (
                    f"{url} has no chat API or does not serve {model!r} (404);"
                    " name a model it serves, and end the address as the server does, mostly in /v1."
                )
            case openai.APIStatusError(status_code=429):
                return f"{url} is busy or its quota is used up (429); wait, or ask less at once."
            case openai.APIStatusError(status_code=status) if 300 <= status < 400:
                return f"{url} sends us elsewhere ({status}), where nothing is sent; give the final address."
            case openai.APIStatusError(status_code=status) if status >= 500:
                return f"{url} failed ({status}); see the server's log."
            case openai.APIStatusError(status_code=status):
                return (
                    f"{url} refused the request ({status}); the conversation may be too long for {model!r},"
                    " or the server too different from OpenAI's."
                )
        return f"{url} did not answer like a chat API; is this its address?"


def _passing(error: Exception) -> bool:
    """Whether the same request may succeed a little later.

    Not after a timeout: the server goes on writing the first answer while it gets the question again, which
    is why the client's own retries are turned off.
    """
    import openai

    if isinstance(error, openai.APIStatusError):
        return error.status_code in (408, 409, 429) or error.status_code >= 500
    return isinstance(error, openai.APIConnectionError) and not isinstance(error, openai.APITimeoutError)


def _pause(error: Exception, attempt: int) -> float:
    """Seconds to wait: what the server asks for, else twice as long each time."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        with suppress(ValueError):  # it may be a date, or nothing
            return min(max(float(headers.get(name, "")) * unit, 0.0), _LONGEST_PAUSE)
    return min(_FIRST_PAUSE * 2.0**attempt, _LONGEST_PAUSE)


def _complaint(error: Exception, sent: Sequence[str]) -> str | None:
    """The field that the server refuses and can do without; None if that is not what is wrong."""
    if getattr(error, "status_code", None) not in _REFUSED:
        return None
    said = str(error).lower()
    named = [name for name in _OPTIONAL if name in sent and name in said]
    if named:
        return named[0]
    # Servers that know no JSON schemas say so in many ways.
    return "response_format" if "response_format" in sent else None


def _utf8(text: str) -> str:
    """Replace lone surrogates, which are no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _client(base_url: str, key: str, timeout: float) -> openai.OpenAI:
    try:
        import openai
    except ImportError as error:
        raise SafecrsError(f"Asking an endpoint needs the openai package: {extra('llm')}.") from error
    # At DEBUG the client logs the messages it sends, and the libraries below it addresses and headers.
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return openai.OpenAI(
        api_key=key,
        base_url=base_url,
        timeout=timeout,
        max_retries=0,
        http_client=openai.DefaultHttpxClient(follow_redirects=False),
    )


def _key(variable: str) -> str:
    key = os.environ.get(variable, "").strip()
    if not key and variable == KEY_VARIABLE:
        variable, key = _STAND_IN, os.environ.get(_STAND_IN, "").strip()
    if not all("!" <= character <= "~" for character in key):
        raise SafecrsError(f"The environment variable {variable} holds no key: it has spaces or other signs.")
    return key or _NO_KEY
