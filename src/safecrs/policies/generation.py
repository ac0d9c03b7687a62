"""Write many completions at once with one model: the loop that free and constrained decoding share.

Each completion has a `Writer` that says which tokens follow. Whatever it is sure of goes to the model in
one pass, however long it is for this completion and however short for its neighbours: chunks are padded
on the left, the padding is masked for good, and every token keeps its own position. A beginning that several
completions share (the samples of one prompt in training) is read once.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Rows that are done are carried along until they are this share of the batch: dropping copies the cache.
_DEAD_SHARE = 0.25


class Writer(Protocol):
    """One completion in the making.

    Attributes:
        pending: tokens already decided that the model has not read yet; the loop takes them from the front.
    """

    pending: list[int]

    @property
    def finished(self) -> bool:
        """Whether the completion is complete."""
        ...

    def write(self, logits: NDArray[np.float32]) -> None:
        """Decide the next token, and every token that then follows of itself, and put them in ``pending``.

        ``logits`` [vocabulary] are the model's for the next token; called when ``pending`` is empty.
        """
        ...


def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    writers: Sequence[Writer],
    *,
    batch_size: int,
    chunk: int,
) -> None:
    """Run every writer to its end, in batches of prompts of like length.

    Args:
        chunk: at most so many decided tokens a pass. 1 makes forced tokens as slow as free ones; without
            a limit, the longest forced run of a batch would pad all others.
    """
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]) + len(writers[index].pending))
    with _evaluating(model):
        for start in range(0, len(order), batch_size):
            batch = [index for index in order[start : start + batch_size] if not writers[index].finished]
            if batch:
                _run(model, [prompts[index] for index in batch], [writers[index] for index in batch], chunk)


def _run(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], writers: Sequence[Writer], chunk: int
) -> None:
    begun = [(*prompt, *writer.pending) for prompt, writer in zip(prompts, writers, strict=True)]
    distinct = {start: row for row, start in enumerate(dict.fromkeys(begun))}
    reader = _Reader(model, len(distinct))
    logits = reader.read(list(distinct))
    if len(distinct) < len(begun):
        rows = [distinct[start] for start in begun]
        reader.keep(rows)
        logits = logits[rows]
    for writer in writers:
        writer.pending.clear()
    while True:
        for row, writer in enumerate(writers):
            if not writer.pending and not writer.finished:
                writer.write(logits[row])
        alive = [row for row, writer in enumerate(writers) if not writer.finished]
        if not alive:
            return
        if len(writers) - len(alive) > _DEAD_SHARE * len(writers):
            reader.keep(alive)
            writers = [writers[row] for row in alive]
        chunks: list[list[int]] = []
        for writer in writers:
            chunks.append([] if writer.finished else writer.pending[:chunk])
            del writer.pending[:chunk]
        logits = reader.read(chunks)


class _Reader:
    """A model and what it has read so far of each row of a batch."""

    def __init__(self, model: PreTrainedModel, rows: int) -> None:
        import torch
        from transformers import DynamicCache

        self._model = model
        self._cache = DynamicCache()
        self._named: dict[str, Any] = {_cache_argument(model): self._cache}
        self._mask = torch.zeros((rows, 0), dtype=torch.long, device=model.device)
        self._read = np.zeros(rows, dtype=np.int64)

    def read(self, chunks: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Read one chunk a row, empty ones too; logits [rows, vocabulary] after the last token of each."""
        import torch

        lengths = np.array([len(part) for part in chunks])
        width = int(lengths.max())
        ids = np.zeros((len(chunks), width), dtype=np.int64)
        for row, part in enumerate(chunks):
            ids[row, width - len(part) :] = part
        column = np.arange(width)
        real = column >= width - lengths[:, None]
        positions = np.maximum(self._read[:, None] + column - (width - lengths[:, None]), 0)
        self._read += lengths
        device = self._mask.device
        self._mask = torch.cat([self._mask, torch.from_numpy(real.astype(np.int64)).to(device)], dim=1)
        with torch.no_grad():
            output = self._model(
                input_ids=torch.from_numpy(ids).to(device),
                attention_mask=self._mask,
                position_ids=torch.from_numpy(positions).to(device),
                use_cache=True,
                logits_to_keep=1,
                **self._named,
            )
        logits: NDArray[np.float32] = output.logits[:, -1].float().cpu().numpy()
        return logits

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these rows, some of them several times."""
        import torch

        chosen = torch.tensor(rows, device=self._mask.device)
        self._cache.batch_select_indices(chosen)
        self._mask, self._read = self._mask[chosen], self._read[list(rows)]


def _cache_argument(model: PreTrainedModel) -> str:
    """What transformers calls the cache: ``cache`` of late, ``past_key_values`` before."""
    base: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
    return "cache" if "cache" in inspect.signature(base.forward).parameters else "past_key_values"


@contextmanager
def _evaluating(model: PreTrainedModel) -> Iterator[None]:
    """Without dropout, even in the middle of training."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
