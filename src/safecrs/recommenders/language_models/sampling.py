"""Choose among scored options: the best one, or at random by temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Sampler:
    """Greedy at temperature 0, else softmax(scores / temperature).

    A sampler belongs to one completion, so that a completion does not depend on what else is in its batch.
    """

    def __init__(self, temperature: float = 0.0, seed: tuple[int, ...] = (0,)) -> None:
        self.temperature = temperature
        self._rng = np.random.default_rng(seed) if temperature > 0 else None

    def pick(self, scores: NDArray[np.float32]) -> tuple[int, float]:
        """Position of the chosen score and the log-probability with which it was (0 when greedy)."""
        if self._rng is None:
            return int(np.argmax(scores)), 0.0
        scaled = scores.astype(np.float64) / self.temperature
        scaled -= scaled.max()
        weights = np.exp(scaled)
        bounds = np.cumsum(weights)
        at = int(np.searchsorted(bounds, self._rng.random() * bounds[-1], side="right"))
        at = min(at, len(scores) - 1)
        return at, float(scaled[at] - np.log(bounds[-1]))
