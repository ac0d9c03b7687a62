"""Random generators seeded by purpose, independent of the order of work."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from safecrs.benchmark.sample import Split


def rng_for(seed: int, *parts: str) -> np.random.Generator:
    """A generator for (seed, parts): dropping one case does not change the draws of others."""
    return np.random.default_rng(_digest(seed, *parts))


def _digest(seed: int, *parts: str) -> int:
    return int.from_bytes(
        blake2b("\x1f".join((str(seed), *parts)).encode(), digest_size=8).digest(), "little"
    )


@dataclass(frozen=True, slots=True)
class Splitter:
    """Puts a person or dialogue into one split, by a seeded hash of its key.

    Attributes:
        train, validation: expected shares; the rest is test.
    """

    seed: int = 0
    train: float = 0.7
    validation: float = 0.1

    def __call__(self, key: str) -> Split:
        """The split of ``key``; the same in every run."""
        fraction = _digest(self.seed, "split", key) / 2**64
        if fraction < self.train:
            return "train"
        return "validation" if fraction < self.train + self.validation else "test"
