"""What a request and an item mean, compared as sentence embeddings; optional."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from safecrs.catalog import Catalog
from safecrs.recommenders.rankers.query import Query, Rows

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
_CHARACTERS = 220  # of an item's text: a title, its genres and the first sentence or two
_SAID = 300  # of what the user said last
_NEUTRAL = "Hi, can you recommend a good film? I like many kinds."
_SAME = 1e-6


def item_vectors(catalog: Catalog, embed: Embed) -> Floats:
    """An embedding of each item's title, genres and plot, [items, width]; minutes for thousands of items."""
    texts = (
        f"{catalog.title(row)}. {', '.join(catalog.genres(row))}. {catalog.plot(row)}"
        for row in range(len(catalog))
    )
    return embed([text[:_CHARACTERS] for text in texts])


class Meaning:
    """Items near what the user said, and near the named items.

    Args:
        embed: texts → vectors of length one, such as `safecrs.detection.encoder.load_encoder`.
        vectors: those of `item_vectors`, made once.
    """

    def __init__(self, vectors: Floats, embed: Embed) -> None:
        centred = vectors - vectors.mean(axis=0)
        self.vectors = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-6)
        self.embed = embed

    @cached_property
    def _neutral(self) -> Floats:
        return np.asarray(self.embed([_NEUTRAL])[0])

    def by_words(self, query: Query) -> Floats:
        """The cosine to the user's last words, as far as these differ from a neutral request, [items]."""
        said = self.embed([query.said[-_SAID:]])[0] - self._neutral if query.said else np.zeros(1)
        length = float(np.linalg.norm(said))
        if length < _SAME:
            return np.zeros(len(self.vectors), dtype=np.float32)
        return np.asarray(self.vectors @ (said / length), dtype=np.float32)

    def like(self, rows: Rows) -> Floats:
        """The summed cosine to the named items over the root of their number, [items]."""
        return np.asarray(self.vectors @ self.vectors[rows].sum(axis=0) / max(len(rows), 1) ** 0.5)
