"""Generate many completions at once with one model: the loop that free and constrained decoding share.

Each completion has a `Decoder` that decides its tokens. A run of forced tokens goes to the model in one pass,
whatever its length in this row and in others: chunks are padded on the left, the padding stays masked, and
every token keeps its own position. A prompt that several completions share (the samples of one prompt in
training) is read once.
"""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from transformers import PreTrainedModel

# Finished rows are carried along until they are this share of the batch: dropping rows copies the cache.
_FINISHED_SHARE = 0.25
# Longer runs of forced tokens take several passes: one long title must not pad the whole batch.
_CHUNK = 8


class Sampler:
    """Greedy at temperature 0, else a draw from softmax(scores / temperature).

    Each completion has its own sampler, so that it does not depend on the rest of its batch.
    """

    def __init__(self, temperature: float = 0.0, seed: tuple[int, ...] = (0,)) -> None:
        self._temperature = temperature
        self._rng = np.random.default_rng(seed) if temperature > 0 else None

    def pick(self, scores: NDArray[np.float32]) -> tuple[int, float]:
        """Position of the chosen score and its log-probability (0 when greedy)."""
        if self._rng is None:
            return int(np.argmax(scores)), 0.0
        scaled = scores.astype(np.float64) / self._temperature
        scaled -= scaled.max()
        bounds = np.cumsum(np.exp(scaled))
        drawn = np.searchsorted(bounds, self._rng.random() * bounds[-1], side="right")
        at = min(int(drawn), len(scores) - 1)
        return at, float(scaled[at] - np.log(bounds[-1]))


class Decoder(Protocol):
    """The state of one completion.

    Attributes:
        pending: decided tokens that the model has not read yet; `generate` takes them from the front.
        finished: whether the completion is complete.
    """

    pending: list[int]
    finished: bool

    def write(self, logits: NDArray[np.float32]) -> None:
        """Decide the next token and the forced ones that follow it, and append them to ``pending``.

        ``logits`` [vocabulary] are the model's for the next token; called when ``pending`` is empty.
        """


class FreeDecoder:
    """Decodes from the whole vocabulary until the model ends the completion or ``budget`` tokens are written.

    Attributes:
        tokens: the completion so far, ``prefill`` included, without the ending token.
    """

    def __init__(
        self, prefill: Sequence[int], ends: Collection[int], budget: int, sampler: Sampler | None = None
    ) -> None:
        self.pending, self.tokens = list(prefill), list(prefill)
        self.finished = budget <= 0
        self._ends, self._left = ends, budget
        self._sampler = sampler or Sampler()

    def write(self, logits: NDArray[np.float32]) -> None:
        """Choose among the whole vocabulary."""
        token, _ = self._sampler.pick(logits)
        self._left -= 1
        self.finished = token in self._ends or self._left <= 0
        if token not in self._ends:
            self.tokens.append(token)
            self.pending.append(token)


def generate(
    model: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    decoders: Sequence[Decoder],
    *,
    batch_size: int,
    chunk: int = _CHUNK,
) -> None:
    """Run every decoder to its end, in batches of prompts of like length, without dropout.

    Args:
        chunk: the most tokens of a row that a pass reads after the prompt (see `pass_width`).
    """
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]) + len(decoders[index].pending))
    training = model.training
    model.eval()
    try:
        for start in range(0, len(order), batch_size):
            batch = [index for index in order[start : start + batch_size] if not decoders[index].finished]
            if batch:
                _run(model, [prompts[index] for index in batch], [decoders[index] for index in batch], chunk)
    finally:
        model.train(training)


def _run(
    model: PreTrainedModel, prompts: Sequence[Sequence[int]], decoders: Sequence[Decoder], chunk: int
) -> None:
    inputs = [(*prompt, *decoder.pending) for prompt, decoder in zip(prompts, decoders, strict=True)]
    distinct = {tokens: row for row, tokens in enumerate(dict.fromkeys(inputs))}
    cache = _CachedModel(model, len(distinct))
    logits = cache.read(list(distinct))
    if len(distinct) < len(inputs):
        rows = [distinct[tokens] for tokens in inputs]
        cache.keep(rows)
        logits = logits[rows]
    for decoder in decoders:
        decoder.pending.clear()
    while True:
        for row, decoder in enumerate(decoders):
            if not decoder.pending and not decoder.finished:
                decoder.write(logits[row])
        alive = [row for row, decoder in enumerate(decoders) if not decoder.finished]
        if not alive:
            return
        if len(decoders) - len(alive) > _FINISHED_SHARE * len(decoders):
            cache.keep(alive)
            decoders = [decoders[row] for row in alive]
        unread: list[list[int]] = [[] if decoder.finished else decoder.pending for decoder in decoders]
        width = pass_width([len(tokens) for tokens in unread], chunk, cache.overhead)
        logits = cache.read([tokens[:width] for tokens in unread])
        for tokens in unread:
            del tokens[:width]


def pass_width(waiting: Sequence[int], most: int, overhead: float) -> int:
    """The number of tokens a row that the next pass reads, at the least cost per token.

    Args:
        waiting: the number of decided tokens of each row, 0 for finished rows; not all are 0.
        most: the largest width.
        overhead: the fixed cost of a pass, in tokens.
    """
    lengths = np.asarray(waiting)
    widths = np.unique(lengths[lengths > 0].clip(max=most))
    read = np.minimum(lengths, widths[:, None]).sum(axis=1)
    return int(widths[np.argmin((overhead + len(lengths) * widths) / read)])


class _CachedModel:
    """A model and its key-value cache for the rows of a batch.

    Attributes:
        overhead: the fixed cost of a pass in tokens, by order of magnitude. Starting its kernels takes some
            milliseconds, in which a CPU core computes a token of 10⁸ weights and a GPU thousands of them; and
            a core fetches the weights in the time of a few tokens.
    """

    def __init__(self, model: PreTrainedModel, rows: int) -> None:
        import torch
        from transformers import DynamicCache

        self._model = model
        weights = sum(parameter.numel() for parameter in model.parameters())
        self.overhead = 5 + 1e8 / weights if model.device.type == "cpu" else 5e11 / weights
        self._cache = DynamicCache()
        base: Any = model.get_base_model() if hasattr(model, "get_base_model") else model
        # Older versions of transformers call the argument ``past_key_values``.
        named = "cache" if "cache" in inspect.signature(base.forward).parameters else "past_key_values"
        self._arguments: dict[str, Any] = {named: self._cache, "use_cache": True, "logits_to_keep": 1}
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
        column = np.arange(width) - (width - lengths[:, None])  # negative in the padding
        positions = np.maximum(self._read[:, None] + column, 0)
        self._read += lengths
        device = self._mask.device
        real = torch.from_numpy((column >= 0).astype(np.int64)).to(device)
        self._mask = torch.cat([self._mask, real], dim=1)
        with torch.no_grad():
            output = self._model(
                input_ids=torch.from_numpy(ids).to(device),
                attention_mask=self._mask,
                position_ids=torch.from_numpy(positions).to(device),
                **self._arguments,
            )
        return np.asarray(output.logits[:, -1].float().cpu().numpy())

    def keep(self, rows: Sequence[int]) -> None:
        """Select these rows, some of them possibly several times."""
        index = self._mask.new_tensor(rows)
        self._cache.batch_select_indices(index)
        self._mask, self._read = self._mask[index], self._read[list(rows)]
