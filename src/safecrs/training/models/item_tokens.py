"""A pretrained model whose vocabulary also holds the catalog: every title is one more token.

Spelled in pieces, ten titles are a hundred choices, and a small model that never heard of a film has to learn
each of them by heart. As tokens they are ten choices among items, whose embeddings begin as what the words of
the title, the training people's tastes and the oracle's risk table say, turned into the model's own space.
The model keeps its weights; rows are added, and adapters train them along (peft's
``trainable_token_indices``). A title that is a token of the model already, as "Chicago", stays what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_name
from safecrs.recommenders.language_models.grown import GROWN, grow_embeddings
from safecrs.storage import write_json
from safecrs.training.models.title_tokens import bare_titles, title_tokens

TASTES = 96
"""Dimensions of what people like together; a narrow model takes the first, which say most."""
# Shares of a row's length: the words of the title, what people like, what the oracle knows.
_WORDS, _TASTES, _RISKS = 0.5, 0.6, 0.3


def save_with_item_tokens(
    folder: Path,
    base: Path,
    labels: Sequence[str],
    tastes: NDArray[np.float32],
    risks: NDArray[np.float32],
    phrases: Sequence[str],
    seed: int = 0,
) -> None:
    """Write the model in ``base`` with the titles as further tokens into ``folder``.

    Args:
        labels: the catalog's; titles without the year become tokens too (`title_tokens`).
        tastes, risks: a vector each, [labels, size], of unit length on average (`item_vectors`).
        phrases: how a safety analysis puts each column of ``risks``: tokens that begin as its axis.

    Raises:
        SafecrsError: the model is too narrow for the vectors, or its tokenizer cannot give titles back.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, use_safetensors=True)
    tastes = tastes[:, : _room(model, risks)]
    tokens = title_tokens(labels, phrases)
    texts = [token.content for token in tokens]
    pieces: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    first = len(tokenizer)
    tokenizer.add_tokens(tokens)
    _check_titles(tokenizer, labels, base)
    grow_embeddings(model, tokenizer)
    known = tokenizer.get_vocab()
    vectors = _vectors(labels, tastes, risks, phrases)
    with torch.no_grad():
        for weight in _tables(model):
            rows = _begin(weight[:first].numpy(), texts, pieces, vectors, seed)
            for text, row in zip(texts, rows, strict=True):
                if known[text] >= first:  # a marker may have been there before
                    weight[known[text]] = torch.from_numpy(row)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / GROWN, {"base": base_name(base), "first": first})


def _tables(model: Any) -> list[Any]:
    """The embeddings of the input and of the output, often one and the same."""
    read, written = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    return [read] if written is read else [read, written]


def _vectors(
    labels: Sequence[str], tastes: NDArray[np.float32], risks: NDArray[np.float32], phrases: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """What is known of the items behind each text, [tastes + risks]."""
    table = np.concatenate([_TASTES * tastes, _RISKS * risks], axis=1)
    found = {title: table[item] for title, item in bare_titles(labels).items()}
    found |= dict(zip(labels, table, strict=True))
    axes = np.eye(risks.shape[1], dtype=np.float32)
    nothing = np.zeros(tastes.shape[1], dtype=np.float32)
    return found | {
        phrase: np.concatenate([nothing, _TASTES * axis]) for phrase, axis in zip(phrases, axes, strict=True)
    }


def _room(model: Any, risks: NDArray[np.float32]) -> int:
    """How many dimensions of taste fit beside the risks.

    Raises:
        SafecrsError: the model is no wider than the number of traits.
    """
    hidden = int(model.get_input_embeddings().weight.shape[1])
    room = hidden - int(risks.shape[1])
    if room <= 0:
        raise SafecrsError(
            f"A model of hidden size {hidden} is too narrow for item tokens: leave them out "
            "(model.item_tokens=false)."
        )
    return room


def _begin(
    old: NDArray[np.float32],
    texts: Sequence[str],
    pieces: Sequence[Sequence[int]],
    vectors: dict[str, NDArray[np.float32]],
    seed: int,
) -> NDArray[np.float32]:
    """Rows [texts, hidden] that a trained model can read: of the usual length, around the usual mean."""
    size, hidden = len(next(iter(vectors.values()))), old.shape[1]
    mean = old.mean(axis=0)
    length = np.median(np.linalg.norm(old, axis=1))
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((hidden, size)))
    rows = np.empty((len(texts), hidden), dtype=np.float32)
    for row, (text, ids) in enumerate(zip(texts, pieces, strict=True)):
        words = old[ids].mean(axis=0) - mean
        words /= max(float(np.linalg.norm(words)), 1e-6)
        known = axes @ vectors[text] if text in vectors else 0.0
        rows[row] = mean + length * (_WORDS * words + known)
    return rows


def _check_titles(tokenizer: Any, labels: Sequence[str], base: Path) -> None:
    """Make sure that what is written as tokens reads as the catalog does.

    Raises:
        SafecrsError: it does not.
    """
    ids = tokenizer([f"\n{label}\n" for label in labels], add_special_tokens=False)["input_ids"]
    texts = tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False)
    for label, text in zip(labels, texts, strict=True):
        if text != f"\n{label}\n":
            raise SafecrsError(
                f"The tokenizer of {base} does not give back the title {label!r} as a token: leave item "
                "tokens out (model.item_tokens=false)."
            )
