"""Write a slate title by title, choosing only where several allowed titles part ways."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.recommenders.constrained.mask import AllowedTitles
from safecrs.recommenders.language_models.prompting import encode
from safecrs.recommenders.language_models.sampling import Sampler
from safecrs.slates.template import REASONING_CLOSE, REASONING_OPEN, SOLUTION_CLOSE, SOLUTION_OPEN

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

_AFTER_REASONING = f"\n{SOLUTION_OPEN}\n"
# So many last tokens are decoded after each step, in search of the end of the reasoning.
_TAIL = 16
_MARK = re.compile(f"(?P<list>{SOLUTION_OPEN})|{REASONING_CLOSE}", re.IGNORECASE)


@dataclass(slots=True)
class Completion:
    """A completion and how it came about.

    Attributes:
        tokens: all its token ids, the ending one included.
        rows: the catalog rows of its titles.
        chosen: whether each token was a choice; a forced token has probability 1 and no gradient.
        log_probabilities: of each token under the distribution it was drawn from, renormalised over the
            options; 0 for forced ones and for greedy choices.
        ranks: the rank of the list that each token belongs to, counted from 1; what follows the last title
            belongs to its rank, and what stands before the first one to rank 0.
        options: position of a choice → token ids it was made among, int32; a choice that is not listed was
            made among the whole vocabulary (reasoning).
    """

    tokens: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    chosen: list[bool] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    options: dict[int, NDArray[np.int32]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResponseTemplate:
    """What stands around the titles.

    Attributes:
        opening: tokens before the first title, or before the reasoning that the model writes.
        closing: tokens after the last title, the ending one included.
        reasoning: the most tokens of reasoning that the model writes before the titles; 0 for none.
    """

    opening: tuple[int, ...]
    closing: tuple[int, ...]
    reasoning: int = 0

    @classmethod
    def opened(cls, opening: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> ResponseTemplate:
        """The list follows ``opening`` (`answer_prefix`) at once."""
        return cls(tuple(opening), _closing(tokenizer))

    @classmethod
    def reasoned(cls, budget: int, tokenizer: PreTrainedTokenizerBase) -> ResponseTemplate:
        """The model first reasons, in at most ``budget`` tokens."""
        return cls(tuple(encode([REASONING_OPEN], tokenizer)[0]), _closing(tokenizer), budget)


def _closing(tokenizer: PreTrainedTokenizerBase) -> tuple[int, ...]:
    end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
    return (*encode([SOLUTION_CLOSE], tokenizer)[0], *end)


class ConstrainedDecoder:
    """A `Decoder` of ``frame`` around min(k, allowed) different titles.

    Every token of the list is one below which an allowed title lies, so a title that is not allowed cannot
    be written, and a title that is begun is finished. With nothing left to allow, the list ends early.

    Attributes:
        written: the completion so far.
    """

    def __init__(
        self,
        frame: ResponseTemplate,
        titles: AllowedTitles,
        k: int,
        tokenizer: PreTrainedTokenizerBase,
        ends: Collection[int] = frozenset(),
        sampler: Sampler | None = None,
    ) -> None:
        self.written = Completion()
        self.pending: list[int] = []
        self.finished = False
        self._frame, self._titles, self._k = frame, titles, k
        self._tokenizer, self._ends = tokenizer, ends
        self._sampler = sampler or Sampler()
        self._node = 0
        self._children = np.empty(0, dtype=np.int32)
        self._reasoning_left = frame.reasoning
        self._force(frame.opening)
        if not self._reasoning_left:
            self._advance()

    def write(self, logits: NDArray[np.float32]) -> None:
        """Choose, then append whatever follows of itself."""
        if self._reasoning_left:
            self._reason(logits)
            return
        tokens = self._titles.trie.token[self._children]
        at, log_probability = self._sampler.pick(logits[tokens])
        self.written.options[len(self.written.tokens)] = tokens
        self._append(int(tokens[at]), True, log_probability, title=True)
        self._enter(int(self._children[at]))
        self._advance()

    def _advance(self) -> None:
        """Follow the only way there is until there are several, or the slate is complete."""
        while len(self.written.rows) < self._k and self._titles.remaining:
            self._children = self._titles.children(self._node)
            if len(self._children) > 1:
                return
            child = int(self._children[0])
            self._append(int(self._titles.trie.token[child]), title=True)
            self._enter(child)
        self._force(self._frame.closing)
        self.finished = True

    def _enter(self, node: int) -> None:
        """Go to ``node``; at a leaf the title is on the list, and the next one begins at the root."""
        trie = self._titles.trie
        if trie.first_child[node] < trie.first_child[node + 1]:
            self._node = node
            return
        leaf = int(trie.low[node])
        self._titles.switch_off(leaf)
        self.written.rows.append(int(trie.row[leaf]))
        self._node = 0

    def _reason(self, logits: NDArray[np.float32]) -> None:
        token, log_probability = self._sampler.pick(logits)
        self._reasoning_left -= 1
        missing: str | None = REASONING_CLOSE + _AFTER_REASONING
        if token not in self._ends:
            self._append(token, True, log_probability)
            closed = self._missing()
            missing = closed if self._reasoning_left or closed is not None else missing
        if missing is not None:
            self._reasoning_left = 0
            if missing:
                self._force(encode([missing], self._tokenizer)[0])
            self._advance()

    def _missing(self) -> str | None:
        """What is missing before the first title; None while the model has not closed its reasoning.

        A list that it opens inside the reasoning closes it too: readers of the text begin there.
        """
        begin = max(len(self._frame.opening), len(self.written.tokens) - _TAIL)
        tail = self._tokenizer.decode(self.written.tokens[begin:], clean_up_tokenization_spaces=False)
        mark = _MARK.search(tail)
        if mark is None:
            return None
        missing = "\n" if mark["list"] else _AFTER_REASONING
        # The last token may reach past the mark, into the line break that was to follow.
        return missing.removeprefix("\n") if tail.startswith("\n", mark.end()) else missing

    def _force(self, tokens: Sequence[int]) -> None:
        for token in tokens:
            self._append(token)

    def _append(
        self, token: int, chosen: bool = False, log_probability: float = 0.0, *, title: bool = False
    ) -> None:
        self.pending.append(token)
        self.written.tokens.append(token)
        self.written.chosen.append(chosen)
        self.written.log_probabilities.append(log_probability)
        self.written.ranks.append(len(self.written.rows) + title)
