"""Requests as the token ids that a chat model reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from safecrs.errors import SafecrsError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from safecrs.slates.base import Request


def prompt_ids(
    requests: Sequence[Request], tokenizer: PreTrainedTokenizerBase, limit: int, system: str | None = None
) -> list[list[int]]:
    """Each conversation through the chat template, up to where the assistant begins.

    A conversation of more than ``limit`` tokens loses its oldest messages, then the beginning of its last.

    Raises:
        SafecrsError: the tokenizer has no chat template.
    """
    if not tokenizer.chat_template:
        raise SafecrsError("The model's tokenizer has no chat template; use a chat (instruct) model.")
    conversations = [
        [{"role": message.role, "content": message.content} for message in request.messages]
        for request in requests
    ]
    encoded = _encode(conversations, tokenizer, system)
    while True:
        long = [
            index for index, ids in enumerate(encoded) if len(ids) > limit and len(conversations[index]) > 1
        ]
        if not long:
            return [ids[-limit:] for ids in encoded]
        for index in long:
            conversations[index] = conversations[index][1:]
        for index, ids in zip(
            long, _encode([conversations[index] for index in long], tokenizer, system), strict=True
        ):
            encoded[index] = ids


def _encode(
    conversations: list[list[dict[str, str]]], tokenizer: PreTrainedTokenizerBase, system: str | None
) -> list[list[int]]:
    head = [{"role": "system", "content": system}] if system else []
    texts = [
        tokenizer.apply_chat_template(head + messages, tokenize=False, add_generation_prompt=True)
        for messages in conversations
    ]
    return encode(texts, tokenizer)


def encode(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Token ids of each text as it stands, nothing put around it."""
    if not texts:
        return []
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"]
    return ids
