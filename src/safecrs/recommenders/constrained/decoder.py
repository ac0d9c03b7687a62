"""Decode a slate title by title: the model chooses where allowed titles differ, the rest is forced."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from safecrs.recommenders.constrained.trie import AllowedTitles
from safecrs.recommenders.language_models.checkpoint import LanguageModel, encode
from safecrs.recommenders.language_models.generation import Sampler
from safecrs.slates.template import REASONING_CLOSE, SOLUTION_CLOSE, SOLUTION_OPEN

_AFTER_REASONING = f"\n{SOLUTION_OPEN}\n"
# The number of last tokens that are decoded after each step to detect the end of the reasoning.
_TAIL = 16
_MARK = re.compile(f"(?P<list>{SOLUTION_OPEN})|{REASONING_CLOSE}", re.IGNORECASE)


@dataclass(slots=True)
class Completion:
    """A completion and the choices that led to it.

    Attributes:
        tokens: all its token ids, the ending one included.
        rows: the catalog rows of its titles.
        chosen: whether each token was a choice; a forced token has probability 1 and no gradient.
        log_probabilities: of each token under the distribution it was drawn from, renormalised over the
            options; 0 for forced tokens and for greedy choices.
        ranks: the rank in the list of the title that each token belongs to, counted from 1; tokens after the
            last title have its rank, tokens before the first one rank 0.
        options: position of a choice → token ids it was made among, int32; a choice that is not listed was
            made among the whole vocabulary (reasoning).
    """

    tokens: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    chosen: list[bool] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    ranks: list[int] = field(default_factory=list)
    options: dict[int, NDArray[np.int32]] = field(default_factory=dict)


class ConstrainedDecoder:
    """A `Decoder` of min(k, allowed) different titles.

    Every token of the list is one below which an allowed title lies, so a title that is not allowed cannot
    be written, and a title that is begun is finished. With no allowed title left, the list ends early.

    Args:
        opening: tokens before the first title, or before the reasoning that the model writes.
        reasoning: the most tokens of reasoning that the model writes before the titles.

    Attributes:
        completion: the completion so far.
    """

    def __init__(
        self,
        model: LanguageModel,
        titles: AllowedTitles,
        k: int,
        opening: Sequence[int],
        reasoning: int = 0,
        sampler: Sampler | None = None,
    ) -> None:
        self.completion = Completion()
        self.pending: list[int] = []
        self.finished = False
        self._model, self._titles, self._k = model, titles, k
        self._sampler = sampler or Sampler()
        self._opening, self._reasoning_left = len(opening), reasoning
        self._node = 0
        self._children = np.empty(0, dtype=np.int32)
        self._append(*opening)
        if not reasoning:
            self._advance()

    def write(self, logits: NDArray[np.float32]) -> None:
        """Choose the next token, then append the forced ones."""
        if self._reasoning_left:
            self._reason(logits)
            return
        tokens = self._titles.trie.token[self._children]
        at, log_probability = self._sampler.pick(logits[tokens])
        self.completion.options[len(self.completion.tokens)] = tokens
        self._enter(int(self._children[at]), True, log_probability)
        self._advance()

    def _advance(self) -> None:
        """Append forced tokens up to the next choice, or to the end of a complete slate."""
        while len(self.completion.rows) < self._k and self._titles.remaining:
            self._children = self._titles.children(self._node)
            if len(self._children) > 1:
                return
            self._enter(int(self._children[0]))
        tokenizer = self._model.tokenizer
        end = [] if tokenizer.eos_token_id is None else [tokenizer.eos_token_id]
        self._append(*encode([SOLUTION_CLOSE], tokenizer)[0], *end)
        self.finished = True

    def _enter(self, node: int, chosen: bool = False, log_probability: float = 0.0) -> None:
        """Append the token of ``node``; a leaf completes its title, and the next one begins at the root."""
        trie = self._titles.trie
        self._append(int(trie.token[node]), chosen=chosen, log_probability=log_probability, title=True)
        if trie.first_child[node] < trie.first_child[node + 1]:
            self._node = node
            return
        leaf = int(trie.low[node])
        self._titles.switch_off(leaf)
        self.completion.rows.append(int(trie.row[leaf]))
        self._node = 0

    def _reason(self, logits: NDArray[np.float32]) -> None:
        token, log_probability = self._sampler.pick(logits)
        self._reasoning_left -= 1
        if token in self._model.ends:
            self._reasoning_left = 0
        else:
            self._append(token, chosen=True, log_probability=log_probability)
        missing = self._missing()
        if missing is None and not self._reasoning_left:
            missing = REASONING_CLOSE + _AFTER_REASONING
        if missing is not None:
            self._reasoning_left = 0
            self._append(*encode([missing], self._model.tokenizer)[0])
            self._advance()

    def _missing(self) -> str | None:
        """The text missing before the first title; None while the model has not closed its reasoning.

        A list that it opens inside the reasoning closes it too: parsers of the text begin there.
        """
        begin = max(self._opening, len(self.completion.tokens) - _TAIL)
        tail = self._model.tokenizer.decode(
            self.completion.tokens[begin:], clean_up_tokenization_spaces=False
        )
        mark = _MARK.search(tail)
        if mark is None:
            return None
        missing = "\n" if mark["list"] else _AFTER_REASONING
        # The last token may extend past the mark and include the following line break.
        return missing.removeprefix("\n") if tail.startswith("\n", mark.end()) else missing

    def _append(
        self, *tokens: int, chosen: bool = False, log_probability: float = 0.0, title: bool = False
    ) -> None:
        self.pending += tokens
        self.completion.tokens += tokens
        self.completion.chosen += [chosen] * len(tokens)
        self.completion.log_probabilities += [log_probability] * len(tokens)
        self.completion.ranks += [len(self.completion.rows) + title] * len(tokens)
