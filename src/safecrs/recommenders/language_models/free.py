"""Free decoding: whatever the model wants to write."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from safecrs.recommenders.language_models.sampling import Sampler


class FreeDecoder:
    """Writes until the model ends the answer or ``budget`` tokens are written.

    Attributes:
        tokens: the completion so far, ``prefill`` included, without the ending token.
    """

    def __init__(
        self, prefill: Sequence[int], ends: Collection[int], budget: int, sampler: Sampler | None = None
    ) -> None:
        self.pending = list(prefill)
        self.tokens = list(prefill)
        self.finished = budget <= 0
        self._ends, self._left = ends, budget
        self._sampler = sampler or Sampler()

    def write(self, logits: NDArray[np.float32]) -> None:
        """Choose among the whole vocabulary."""
        token, _ = self._sampler.pick(logits)
        if token in self._ends:
            self.finished = True
            return
        self.tokens.append(token)
        self.pending.append(token)
        self._left -= 1
        self.finished = self._left <= 0
