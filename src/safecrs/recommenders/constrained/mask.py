"""What may still be written into one slate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from safecrs.recommenders.constrained.trie import CatalogTrie


class AllowedTitles:
    """The leaves of a trie that are still allowed, as one prefix sum.

    ``below[high] − below[low]`` allowed leaves lie below a node, so a child is judged in O(1), however many
    titles it leads to.
    """

    def __init__(self, trie: CatalogTrie, blocked: NDArray[np.bool_]) -> None:
        """Allow every title but those ``blocked`` [items]; labels that share a leaf must all be allowed."""
        self.trie = trie
        allowed = np.ones(len(trie), dtype=bool)
        allowed[trie.leaf[blocked]] = False
        self._below = np.zeros(len(trie) + 1, dtype=np.int32)
        np.cumsum(allowed, out=self._below[1:])

    @property
    def remaining(self) -> int:
        """How many titles are allowed."""
        return int(self._below[-1])

    def children(self, node: int) -> NDArray[np.int32]:
        """The children of ``node`` below which a title is allowed: int32 node ids, by token id."""
        first, end = int(self.trie.first_child[node]), int(self.trie.first_child[node + 1])
        counts = self._below[self.trie.high[first:end]] - self._below[self.trie.low[first:end]]
        return (np.flatnonzero(counts) + first).astype(np.int32)

    def switch_off(self, leaf: int) -> None:
        """Allow ``leaf``, which is allowed now, no longer."""
        self._below[leaf + 1 :] -= 1
