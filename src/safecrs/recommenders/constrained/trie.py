"""The catalog as a prefix tree over the tokens of its labels, and the titles of it that are still allowed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.checkpoint import encode

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

SEPARATOR = "\n"
# The neighbours of a title in a list; a tokenizer may merge the line break with either of them.
_BEFORE, _AFTER = "Casablanca (1942)\n", "Casablanca (1942)\n</solution>"


class CatalogTrie:
    """Nodes are prefixes, numbered breadth-first, so that the children of a node are neighbours.

    A path holds the token ids of one label *and the line break after it*, as they stand in a list. So no path
    is the beginning of another, even where a title is, and tokenizers that merge ")" with the line break need
    no special case. Labels with equal paths share a leaf.

    Attributes:
        token: the token that leads into each node, int32 [nodes]; −1 for the root, node 0.
        first_child: int32 [nodes + 1]; the children of n are first_child[n] … first_child[n + 1] − 1.
        low, high: the leaves below each node are low … high − 1, int32 [nodes].
        row: a catalog row of each leaf, int32 [leaves]; the smallest of those that share it.
        leaf: the leaf of each catalog row, int32 [items].
        depth: tokens of the longest path.
    """

    def __init__(
        self,
        token: NDArray[np.int32],
        first_child: NDArray[np.int32],
        low: NDArray[np.int32],
        high: NDArray[np.int32],
        row: NDArray[np.int32],
        leaf: NDArray[np.int32],
        depth: int,
    ) -> None:
        self.token, self.first_child = token, first_child
        self.low, self.high = low, high
        self.row, self.leaf = row, leaf
        self.depth = depth

    @classmethod
    def build(cls, labels: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> CatalogTrie:
        """The tree of ``labels``, one a catalog row, in the order of the rows."""
        for row, label in enumerate(labels):
            if SEPARATOR in label:
                raise SafecrsError(
                    f"The title in catalog row {row} holds a line break, which ends a title; remove it."
                )
        return cls.of_paths(_label_paths(labels, tokenizer))

    @classmethod
    def of_paths(cls, paths: Sequence[Sequence[int]]) -> CatalogTrie:
        """The tree of token paths, one a catalog row; none may be the beginning of another one."""
        lengths = np.array([len(path) for path in paths])
        table = np.full((len(paths), int(lengths.max())), -1, dtype=np.int32)
        table[np.arange(table.shape[1]) < lengths[:, None]] = [token for path in paths for token in path]
        order = np.lexsort(table.T[::-1])
        table = table[order]
        new = np.append(True, (table[1:] != table[:-1]).any(axis=1))
        leaf = np.empty(len(table), dtype=np.int32)
        leaf[order] = np.cumsum(new) - 1
        row = order[new].astype(np.int32)  # lexsort is stable: the smallest row of each leaf comes first
        table = table[new]
        # In sorted order, a path directly precedes those that it begins.
        begins = ((table[1:] == table[:-1]) | (table[:-1] < 0)).all(axis=1)
        if begins.any():
            longer = int(row[int(begins.argmax()) + 1])
            raise SafecrsError(
                f"The tokenizer spells the title in catalog row {longer} as another title and more."
            )
        return cls(*_nodes(table), row, leaf, depth=table.shape[1])

    def __len__(self) -> int:
        """The number of leaves."""
        return len(self.row)


class AllowedTitles:
    """The leaves of a trie that are still allowed, as one prefix sum.

    ``below[high] − below[low]`` allowed leaves lie below a node, so checking a child takes O(1), however many
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
        """Stop allowing ``leaf``, which must be allowed."""
        self._below[leaf + 1 :] -= 1


def _label_paths(labels: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Token ids of each label and its line break, as they stand in a list."""
    before, after, separator = encode([_BEFORE, _BEFORE + _AFTER, SEPARATOR], tokenizer)
    after = after[len(before) :]
    listed = encode([f"{_BEFORE}{label}{SEPARATOR}{_AFTER}" for label in labels], tokenizer)
    head, tail = len(before), len(after)
    # A label that merges with the lines around it (none does in the tokenizers tested) is encoded alone:
    # unusual for the model, but still a way to write the title.
    return [
        line[head:-tail]
        if line[:head] == before and line[-tail:] == after
        else encode([label], tokenizer)[0] + separator
        for label, line in zip(labels, listed, strict=True)
    ]


def _nodes(
    table: NDArray[np.int32],
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """token, first_child, low, high of the tree over sorted, distinct paths padded with −1."""
    leaves = len(table)
    new = np.arange(leaves) == 0
    tokens, lows, highs = [np.array([-1])], [np.array([0])], [np.array([leaves])]
    children: list[NDArray[np.intp]] = []
    for column in table.T:
        new[1:] |= column[1:] != column[:-1]
        begin = np.flatnonzero(new)
        end = np.append(begin[1:], leaves)
        longer = column[begin] >= 0
        begin, end = begin[longer], end[longer]
        parent = np.searchsorted(lows[-1], begin, side="right") - 1
        children.append(np.bincount(parent, minlength=len(lows[-1])))
        tokens.append(column[begin])
        lows.append(begin)
        highs.append(end)
    children.append(np.zeros(len(lows[-1]), dtype=np.intp))
    first_child = 1 + np.concatenate([[0], np.cumsum(np.concatenate(children))])
    return (
        np.concatenate(tokens).astype(np.int32),
        first_child.astype(np.int32),
        np.concatenate(lows).astype(np.int32),
        np.concatenate(highs).astype(np.int32),
    )
