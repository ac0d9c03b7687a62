"""Log-probabilities of a constrained decoder's choices, renormalised over the tokens it allowed.

A forced token has probability 1: no log-probability, no gradient. A choice has log softmax over its options,
at the temperature of sampling. The model returns logits at the choices alone, so neither logits nor masks of
[completions, tokens, vocabulary] are ever allocated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from safecrs.recommenders.constrained import Completion

_EVERYTHING = -1
_COUNTS, _IDS = "option_counts", "option_ids"


@dataclass(frozen=True, slots=True)
class Choices:
    """The options of each token of a batch of completions.

    Attributes:
        counts: int32 [completions, tokens], the number of options of each token; 0 where it was forced or is
            padding, −1 where it was chosen among the whole vocabulary.
        ids: int32 [completions, options], the listed options of a completion's choices, one choice after
            another, padded with 0.
    """

    counts: torch.Tensor
    ids: torch.Tensor

    @classmethod
    def of(cls, written: Sequence[Completion]) -> Choices:
        """The choices that the decoder recorded in completions."""
        counts = np.zeros((len(written), max(len(one.tokens) for one in written)), dtype=np.int32)
        listed = [sum(map(len, one.options.values())) for one in written]
        ids = np.zeros((len(written), max(listed, default=0)), dtype=np.int32)
        for row, one in enumerate(written):
            counts[row, np.flatnonzero(one.chosen)] = _EVERYTHING
            for position, options in one.options.items():
                counts[row, position] = len(options)
            if one.options:
                ids[row, : listed[row]] = np.concatenate([one.options[at] for at in sorted(one.options)])
        return cls(torch.from_numpy(counts), torch.from_numpy(ids))

    @classmethod
    def from_batch(cls, batch: Mapping[str, Any]) -> Choices | None:
        """The choices that `columns` put in a batch, None where there are none."""
        return cls(batch[_COUNTS], batch[_IDS]) if _COUNTS in batch else None

    def columns(self) -> dict[str, torch.Tensor]:
        """As columns of a batch, which may be shuffled and split."""
        return {_COUNTS: self.counts, _IDS: self.ids}

    def __getitem__(self, rows: slice) -> Choices:
        """The choices of some completions."""
        return Choices(self.counts[rows], self.ids[rows])

    def to(self, device: torch.device) -> Choices:
        """The same on ``device``."""
        return Choices(self.counts.to(device), self.ids.to(device))

    def positions(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Completion and token of every choice, int64 [choices] each."""
        rows, columns = self.counts.nonzero(as_tuple=True)
        return rows, columns

    def judge(self, logits: torch.Tensor, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log-probability of the chosen token and entropy of each choice, [choices] each.

        ``logits`` [choices, vocabulary], divided by the temperature, and ``tokens`` [choices] are those of
        `positions`.
        """
        rows, columns = self.positions()
        lengths = self.counts.clamp(min=0)
        begins = (lengths.cumsum(1) - lengths)[rows, columns]
        counts = lengths[rows, columns]
        listed = counts > 0
        total, mean = logits.new_zeros(len(rows)), logits.new_zeros(len(rows))
        for which, scores in (
            (listed, self._scores(logits[listed], rows[listed], begins[listed], counts[listed])),
            (~listed, logits[~listed]),
        ):
            # of exp(score): the logarithm of the sum, and the mean score under the distribution
            share = scores.softmax(dim=1) * scores.masked_fill(scores == -torch.inf, 0)
            total = total.index_put((which,), scores.logsumexp(dim=1))
            mean = mean.index_put((which,), share.sum(dim=1))
        return logits.gather(1, tokens[:, None])[:, 0] - total, total - mean

    def _scores(
        self, logits: torch.Tensor, rows: torch.Tensor, begins: torch.Tensor, counts: torch.Tensor
    ) -> torch.Tensor:
        """The logits of the options, [choices, most options], −∞ in the padding."""
        number = torch.arange(int(counts.max()) if len(counts) else 0, device=counts.device)
        at = (begins[:, None] + number).clamp(max=max(self.ids.shape[1] - 1, 0))
        scores = logits.gather(1, self.ids[rows[:, None], at].long())
        return scores.masked_fill(number >= counts[:, None], -torch.inf)


@contextmanager
def logits_only_at(model: Any, rows: torch.Tensor, columns: torch.Tensor) -> Iterator[None]:
    """Make ``model`` return its logits [positions, vocabulary] at some positions of its input alone.

    The output head gets the hidden states of these positions; what surrounds it (wrappers, adapters,
    soft-capping) is unchanged.
    """
    head = model.get_output_embeddings()
    hook = head.register_forward_pre_hook(lambda _head, given: (given[0][rows, columns], *given[1:]))
    try:
        yield
    finally:
        hook.remove()
