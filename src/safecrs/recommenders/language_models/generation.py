"""Write many completions at once with one model: the loop that free and constrained decoding share.

Each completion has a `Decoder` that says which tokens follow. Whatever it is sure of goes to the model in
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


class Decoder(Protocol):
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
    writers: Sequence[Decoder],
    *,
    batch_size: int,
    chunk: int,
) -> None:
    """Run every writer to its end, in batches of prompts of like length.

    Args:
        chunk: at most so many decided tokens a pass; 1 makes forced tokens as slow as free ones. How many it
            is, `pass_width` decides: the longest forced run of a batch pads all others.
    """
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]) + len(writers[index].pending))
    with _evaluating(model):
        for start in range(0, len(order), batch_size):
            batch = [index for index in order[start : start + batch_size] if not writers[index].finished]
            if batch:
                _run(model, [prompts[index] for index in batch], [writers[index] for index in batch], chunk)


def _run(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], writers: Sequence[Decoder], chunk: int
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
        waiting = [0 if writer.finished else len(writer.pending) for writer in writers]
        width = pass_width(waiting, chunk, reader.overhead)
        chunks: list[list[int]] = []
        for writer in writers:
            chunks.append([] if writer.finished else writer.pending[:width])
            del writer.pending[:width]
        logits = reader.read(chunks)


def pass_width(waiting: Sequence[int], most: int, overhead: float) -> int:
    """How many tokens a row the next pass reads, so that a token costs least.

    Args:
        waiting: decided tokens of each row, some of them 0 for rows that are done; not all.
        most: the answer is at most this.
        overhead: what a pass costs whatever its width, in tokens.
    """
    lengths = np.asarray(waiting)
    widths = np.unique(lengths[lengths > 0].clip(max=most))
    read = np.minimum(lengths, widths[:, None]).sum(axis=1)
    return int(widths[np.argmin((overhead + len(lengths) * widths) / read)])


def _overhead(model: PreTrainedModel) -> float:
    """What starting a pass costs, in tokens, by the orders of magnitude of today's machines.

    Some milliseconds to start its kernels, in which a core does the arithmetic of a token of 10⁸ weights
    and a GPU that of thousands; and on a core, fetching the weights takes as long as using them a few times.
    """
    weights: int = sum(parameter.numel() for parameter in model.parameters())
    return 5 + 1e8 / weights if model.device.type == "cpu" else 5e11 / weights


class _Reader:
    """A model and what it has read so far of each row of a batch."""

    def __init__(self, model: PreTrainedModel, rows: int) -> None:
        import torch
        from transformers import DynamicCache

        self._model = model
        self.overhead = _overhead(model)
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
