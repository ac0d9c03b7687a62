"""Titles as single tokens, and a pretrained model whose vocabulary is extended by them.

Spelled in pieces, ten titles are a hundred choices, and a small model that knows no film has to memorise each
of them. As tokens they are ten choices among items, whose embeddings are initialised from the words of the
title, the training people's interactions and the oracle's risk table, rotated into the model's own space. The
model keeps its weights; rows are added, and adapters train them (peft's ``trainable_token_indices``). A title
that is a token already, as "Chicago", is left as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import split_label
from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_name
from safecrs.recommenders.language_models.grown import GROWN, grow_embeddings
from safecrs.slates.template import REASONING_CLOSE, REASONING_OPEN, SOLUTION_CLOSE, SOLUTION_OPEN
from safecrs.storage import write_json

if TYPE_CHECKING:
    from tokenizers import AddedToken

# Ordinary tokens, not special ones: decoding must keep them, or a completion could not be parsed.
MARKERS = (REASONING_OPEN, REASONING_CLOSE, SOLUTION_OPEN, SOLUTION_CLOSE)
_LONG_WORD = 6  # letters: "Memento" is a title, "Up" and "Heat" may be ordinary words
COLIKES = 96  # dimensions of the co-like vectors; a narrow model takes the first, which explain most
# Shares of a row's length: the words of the title, co-likes, risks.
_WORDS, _COLIKES, _RISKS = 0.5, 0.6, 0.3


def title_tokens(labels: Sequence[str], phrases: Sequence[str] = ()) -> list[AddedToken]:
    """Tokens for the markers of an answer, ``phrases``, every label, and every title that needs no year.

    Labels that a byte-level tokenizer would not decode unchanged stay spelled in pieces.
    """
    from tokenizers import AddedToken

    whole = [label for label in dict.fromkeys(labels) if label.strip() == label and _survives(label)]
    tokens = [AddedToken(text, special=False, normalized=False) for text in (*MARKERS, *phrases, *whole)]
    return tokens + [AddedToken(title, single_word=True, normalized=False) for title in bare_titles(whole)]


def bare_titles(labels: Sequence[str]) -> dict[str, int]:
    """Unique titles that read like one without the year, which people leave out → the label's position."""
    positions: dict[str, list[int]] = {}
    for position, label in enumerate(labels):
        title, year = split_label(label)
        if year is not None and (" " in title or len(title) >= _LONG_WORD) and _survives(title):
            positions.setdefault(title, []).append(position)
    return {title: first for title, (first, *others) in positions.items() if not others}


def _survives(label: str) -> bool:
    """Whether the byte-level decoder returns the label: one word with an accent reads as raw bytes."""
    return bool(label) and (label.isascii() or " " in label)


def colike_vectors(
    histories: Sequence[NDArray[np.int32]], items: int, size: int, seed: int = 0
) -> NDArray[np.float32]:
    """Vectors [items, size] whose inner products approximate how much likelier two items are liked together.

    The positive pointwise mutual information of co-likes, smoothed as in Levy et al. (2015), factorised by a
    truncated singular value decomposition. Items that nobody liked get zero vectors; the mean square length
    of the others is 1.
    """
    from scipy import sparse
    from scipy.sparse.linalg import svds

    rows = np.concatenate([np.empty(0, dtype=np.int32), *histories])
    people = np.repeat(np.arange(len(histories)), [len(history) for history in histories])
    liked = sparse.csr_array((np.ones(len(rows)), (people, rows)), shape=(len(histories), items))
    pairs = (liked.T @ liked).tocoo()
    first, second = pairs.coords
    apart = first != second
    first, second, both = first[apart], second[apart], pairs.data[apart]
    counts = np.bincount(first, weights=both, minlength=items)
    context = counts**0.75
    pmi = np.log(both * context.sum() / (counts[first] * context[second]))
    positive = np.maximum(pmi, 0.0) * (both / (both + 3.0))
    table = sparse.csr_array((positive, (first, second)), shape=(items, items))
    table = (table + table.T) / 2
    rank = min(size, items - 1)
    start = np.random.default_rng(seed).standard_normal(items)
    left, values, _ = svds(table, k=rank, v0=start)
    vectors = np.zeros((items, size), dtype=np.float32)
    vectors[:, :rank] = left * np.sqrt(np.maximum(values, 0.0))
    return np.divide(vectors, np.float32(_scale(vectors, np.count_nonzero(counts))))


def risk_vectors(risk: NDArray[np.float32]) -> NDArray[np.float32]:
    """The risk table [items, traits] as vectors of the same shape, of mean square length 1.

    Columns are standardised, so that a rare trait counts as much as a common one; an unknown risk is replaced
    by its trait's mean.
    """
    known = ~np.isnan(risk)
    mean = np.where(known, risk, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, risk - mean, 0.0)
    spread = np.sqrt((centred**2).mean(axis=0))
    vectors = centred / np.where(spread > 0, spread, 1.0)
    return np.asarray(vectors / _scale(vectors, len(vectors)), dtype=np.float32)


def _scale(vectors: NDArray[Any], count: Any) -> float:
    return max(float(np.sqrt((vectors**2).sum() / max(count, 1))), 1e-12)


def save_with_item_tokens(
    folder: Path,
    base: Path,
    labels: Sequence[str],
    colikes: NDArray[np.float32],
    risks: NDArray[np.float32],
    phrases: Sequence[str],
    seed: int = 0,
) -> None:
    """Write the model in ``base`` with the titles as further tokens into ``folder``.

    Args:
        labels: the catalog's; titles without the year become tokens too (`title_tokens`).
        colikes, risks: a vector each, [labels, size], of unit length on average.
        phrases: how a safety analysis names each column of ``risks``; their tokens begin as its axis.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, use_safetensors=True)
    hidden = int(model.get_input_embeddings().weight.shape[1])
    room = hidden - risks.shape[1]
    if room <= 0:
        raise SafecrsError(
            f"A model of hidden size {hidden} is too narrow for item tokens: leave them out "
            "(model.item_tokens=false)."
        )
    tokens = title_tokens(labels, phrases)
    texts = [token.content for token in tokens]
    pieces: list[list[int]] = tokenizer(texts, add_special_tokens=False)["input_ids"]
    first = len(tokenizer)
    tokenizer.add_tokens(tokens)
    _check_titles(tokenizer, labels, base)
    grow_embeddings(model, tokenizer)
    ids = tokenizer.get_vocab()
    vectors = _vectors(labels, colikes[:, :room], risks, phrases)
    read, written = model.get_input_embeddings().weight, model.get_output_embeddings().weight
    with torch.no_grad():
        for weight in [read] if written is read else [read, written]:
            rows = _initial_rows(weight[:first].numpy(), texts, pieces, vectors, seed)
            for text, row in zip(texts, rows, strict=True):
                if ids[text] >= first:  # a marker may have been a token before
                    weight[ids[text]] = torch.from_numpy(row)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    write_json(folder / GROWN, {"base": base_name(base), "first": first})


def _vectors(
    labels: Sequence[str], colikes: NDArray[np.float32], risks: NDArray[np.float32], phrases: Sequence[str]
) -> dict[str, NDArray[np.float32]]:
    """The vector of the item or trait behind each text, [co-likes + risks]."""
    table = np.concatenate([_COLIKES * colikes, _RISKS * risks], axis=1)
    vectors = {title: table[item] for title, item in bare_titles(labels).items()}
    vectors |= dict(zip(labels, table, strict=True))
    axes = np.eye(risks.shape[1], dtype=np.float32)
    nothing = np.zeros(colikes.shape[1], dtype=np.float32)
    return vectors | {
        phrase: np.concatenate([nothing, _COLIKES * axis]) for phrase, axis in zip(phrases, axes, strict=True)
    }


def _initial_rows(
    old: NDArray[np.float32],
    texts: Sequence[str],
    pieces: Sequence[Sequence[int]],
    vectors: dict[str, NDArray[np.float32]],
    seed: int,
) -> NDArray[np.float32]:
    """Embeddings [texts, hidden] with the mean and median length of a trained model's ``old`` ones."""
    size, hidden = len(next(iter(vectors.values()))), old.shape[1]
    mean = old.mean(axis=0)
    length = np.median(np.linalg.norm(old, axis=1))
    axes, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((hidden, size)))
    rows = np.empty((len(texts), hidden), dtype=np.float32)
    for row, (text, ids) in enumerate(zip(texts, pieces, strict=True)):
        words = old[ids].mean(axis=0) - mean
        words /= max(float(np.linalg.norm(words)), 1e-6)
        rows[row] = mean + length * (_WORDS * words + (axes @ vectors[text] if text in vectors else 0.0))
    return rows


def _check_titles(tokenizer: Any, labels: Sequence[str], base: Path) -> None:
    """Make sure that every title is decoded as the catalog writes it."""
    lines = [f"\n{label}\n" for label in labels]
    ids = tokenizer(lines, add_special_tokens=False)["input_ids"]
    texts = tokenizer.batch_decode(ids, clean_up_tokenization_spaces=False)
    if wrong := [label for label, line, text in zip(labels, lines, texts, strict=True) if text != line]:
        raise SafecrsError(
            f"The tokenizer of {base} does not decode the title {wrong[0]!r} unchanged: leave item tokens "
            "out (model.item_tokens=false)."
        )
