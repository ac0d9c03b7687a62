"""A small language model made for one catalog: every item's label is one token of its vocabulary.

Two cores train it in minutes. Real conversations need a pretrained model; the code that trains and serves
either is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from safecrs.errors import SafecrsError
from safecrs.training.models.item_tokens import bare_titles, title_tokens

if TYPE_CHECKING:
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

PAD, END = "<|pad|>", "<|end|>"
ROLES = ("system", "user", "assistant")
# One token a role keeps prompts short.
CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


class TinySize(BaseModel, frozen=True, extra="forbid"):
    """The architecture: a Llama of ``layers`` blocks whose input and output embeddings are shared.

    Attributes:
        vocabulary: tokens for words and characters, without titles and markers.
        tastes: dimensions of an item's embedding that start from co-likes.
    """

    hidden: int = Field(default=128, gt=0, multiple_of=8)
    layers: int = Field(default=2, gt=0)
    heads: int = Field(default=4, gt=0)
    inner: int = Field(default=256, gt=0)
    context: int = Field(default=1024, gt=0)
    vocabulary: int = Field(default=3000, ge=300)
    tastes: int = Field(default=72, gt=0)


def tiny_tokenizer(
    texts: Iterable[str], labels: Sequence[str], size: TinySize, phrases: Sequence[str] = ()
) -> PreTrainedTokenizerFast:
    """A byte-level BPE trained on ``texts``, with chat template; every label is added as one token.

    So are the titles that are not easily taken for ordinary words without their year, which people leave out,
    and each of ``phrases``.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size.vocabulary,
        special_tokens=[PAD, END, *(f"<|{role}|>" for role in ROLES)],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(title_tokens(labels, phrases))
    wrapped = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=END,
        padding_side="left",
        clean_up_tokenization_spaces=False,
        model_max_length=size.context,
    )
    wrapped.chat_template = CHAT_TEMPLATE
    return wrapped


def tiny_model(tokenizer: PreTrainedTokenizerFast, size: TinySize, seed: int = 0) -> LlamaForCausalLM:
    """A Llama of that size with random weights, for that tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    if size.hidden % size.heads:
        raise SafecrsError(f"The hidden size {size.hidden} is not a multiple of the {size.heads} heads.")
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=size.hidden,
        intermediate_size=size.inner,
        num_hidden_layers=size.layers,
        num_attention_heads=size.heads,
        num_key_value_heads=size.heads,
        max_position_embeddings=size.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        # The usual 0.02 suits wide models; at this width signals would fade and learning crawl.
        initializer_range=size.hidden**-0.5,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return LlamaForCausalLM(config)


def save_tiny(
    folder: Path,
    texts: Iterable[str],
    labels: Sequence[str],
    size: TinySize,
    seed: int = 0,
    vectors: Sequence[NDArray[np.float32]] = (),
    phrases: Sequence[str] = (),
) -> None:
    """Write a fresh tiny model and its tokenizer into ``folder``.

    Args:
        vectors: each [labels, size] of unit length on average (`item_tokens`): part of the embeddings of the
            labels' tokens.
        phrases: tokens that name the columns of the last of ``vectors`` and begin as its axes, so that a
            safety analysis points at what it is about.
    """
    tokenizer = tiny_tokenizer(texts, labels, size, phrases)
    model = tiny_model(tokenizer, size, seed)
    if vectors:
        _set_embeddings(model, tokenizer, labels, vectors, phrases)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def _set_embeddings(
    model: LlamaForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    labels: Sequence[str],
    vectors: Sequence[NDArray[np.float32]],
    phrases: Sequence[str],
) -> None:
    """Embeddings of unit length on average: the vectors, then a random code that distinguishes items.

    Without the code a list is continued with items that it already names, which are the most similar ones.
    """
    import torch

    ids = tokenizer.get_vocab()
    weight = model.get_input_embeddings().weight
    items, room = len(labels), weight.shape[1] - sum(part.shape[1] for part in vectors)
    if room < 0:
        raise SafecrsError("The hidden size is too small for the item vectors; raise it or lower tastes.")
    code = np.random.default_rng(items).standard_normal((items, room)).astype(np.float32)
    code /= np.maximum(np.linalg.norm(code, axis=1, keepdims=True), 1e-12)
    parts = [*vectors, code]
    table = torch.from_numpy(np.concatenate(parts, axis=1) / len(parts) ** 0.5)
    with torch.no_grad():
        for text, item in (*zip(labels, range(items), strict=True), *bare_titles(labels).items()):
            if text in ids:
                weight[ids[text]] = table[item]
        first = sum(part.shape[1] for part in vectors[:-1])
        for column, phrase in enumerate(phrases):
            weight[ids[phrase]] = 0.0
            weight[ids[phrase], first + column] = 1.0
