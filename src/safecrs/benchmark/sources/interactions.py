"""Ratings as columns over a catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import Splitter
from safecrs.storage import fingerprint

LIKED = 4.0
"""A film rated at least this was liked (of five stars)."""


@dataclass(frozen=True, slots=True)
class Interactions:
    """Ratings of one source, sorted by person; items the catalog does not know are already dropped.

    Attributes:
        people: the source's own person keys; ``person`` [ratings] indexes them.
        rows: catalog rows, int32 [ratings]; a person rates a row once.
        ratings: stars 0.5…5, float32 [ratings].
        dropped: how many ratings or titles were dropped, by reason.
    """

    source: str
    licence: str
    people: tuple[str, ...]
    person: NDArray[np.int32]
    rows: NDArray[np.int32]
    ratings: NDArray[np.float32]
    dropped: dict[str, int] = field(default_factory=dict)

    @classmethod
    def collect(
        cls,
        source: str,
        licence: str,
        people: Sequence[str] | NDArray[np.int64],
        rows: NDArray[np.int32],
        ratings: NDArray[np.float32],
        dropped: dict[str, int] | None = None,
    ) -> Interactions:
        """Columns from parallel lists; unresolved rows (−1) and second ratings of a row are dropped."""
        keys, person = np.unique(np.asarray(people), return_inverse=True)
        known = rows >= 0
        order = np.lexsort((rows[known], person[known]))
        person, kept, stars = person[known][order], rows[known][order], ratings[known][order]
        # lexsort is stable, so of two ratings of one film (two ids of one source) the first read stays.
        first = np.ones(len(kept), dtype=bool)
        first[1:] = (np.diff(person) != 0) | (np.diff(kept) != 0)
        counts = dict(dropped or {}) | {
            "rating of an item the catalog does not know": int((~known).sum()),
            "second rating of one item by one person": int((~first).sum()),
        }
        return cls(
            source,
            licence,
            tuple(str(key) for key in keys.tolist()),
            person[first].astype(np.int32),
            kept[first].astype(np.int32),
            stars[first].astype(np.float32),
            {reason: count for reason, count in counts.items() if count},
        )

    def liked(self, minimum: float = LIKED) -> dict[str, NDArray[np.int32]]:
        """Person key → rows that person rated at least ``minimum``, ascending; nobody without any."""
        chosen = self.ratings >= minimum
        person, rows = self.person[chosen], self.rows[chosen]
        bounds = np.searchsorted(person, np.arange(len(self.people) + 1))
        return {
            key: rows[start:end]
            for key, start, end in zip(self.people, bounds[:-1], bounds[1:], strict=True)
            if end > start
        }

    def of_split(self, splitter: Splitter, split: Split) -> Interactions:
        """The ratings of the people in one split; recommenders may learn from those of "train" only."""
        inside = np.array([splitter(f"{self.source}:{key}") == split for key in self.people], dtype=bool)
        chosen = inside[self.person]
        renumbered = np.cumsum(inside) - 1
        return Interactions(
            self.source,
            self.licence,
            tuple(key for key, keep in zip(self.people, inside, strict=True) if keep),
            renumbered[self.person[chosen]].astype(np.int32),
            self.rows[chosen],
            self.ratings[chosen],
            {},
        )

    def fingerprint(self) -> str:
        """Changes when any rating does."""
        return fingerprint(self.person.tobytes(), self.rows.tobytes(), self.ratings.tobytes(), *self.people)
