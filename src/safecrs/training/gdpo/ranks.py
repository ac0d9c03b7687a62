"""Which rank of the list each generated token belongs to: the unit of credit in per-rank training.

Rank 0 is what is scored with the completion as a whole: reasoning, text before the list, lines that name no
item, remarks after the list. Rank k is the k-th item that `parse_slate` reads, with its whole line: number,
title, year, remark and line break. The break is the choice to continue the list, so the choice to stop (the
end of the text, a closing ``</solution>``, the end-of-sequence token) belongs to the last rank: the two are
compared.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from transformers import PreTrainedTokenizerBase

from safecrs.slates.completion import locate_slate

_CLOSING = re.compile(r"</solution>\s*", re.IGNORECASE)
_BROKEN = "\ufffd"  # how half a character decodes


def rank_spans(text: str) -> list[tuple[int, int]]:
    """Where ranks begin: (character, rank) in ascending order, the first at character 0."""
    spans = [(0, 0)]
    line_end = 0  # of the item before, its line break and blank lines included
    items = locate_slate(text)
    for rank, item in enumerate(items, start=1):
        if item.start >= line_end:
            if line_end < item.start:
                spans.append((line_end, 0))
            spans.append((item.start, rank))
            line_end = _line_end(text, item.end)
        else:  # a further item on the same line begins where the one before it ended
            spans.append((items[rank - 2].end, rank))
    if items:
        tail = _CLOSING.match(text, line_end)
        line_end = tail.end() if tail else line_end
        if line_end < len(text):
            spans.append((line_end, 0))
    return list({start: (start, rank) for start, rank in spans}.values())  # of equal starts the last holds


class TokenRanks:
    """Maps the tokens of completions to ranks, for one tokenizer of any kind."""

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self.tokenizer = tokenizer
        self._pieces: dict[int, str] = {}

    def __call__(self, ids: Sequence[int], text: str) -> list[int]:
        """The rank of each token of one completion, by the character at which it begins."""
        spans = rank_spans(text)
        starts = [start for start, _ in spans]
        last = max(len(text) - 1, 0)
        return [spans[bisect_right(starts, min(at, last)) - 1][1] for at in self.offsets(ids, text)]

    def offsets(self, ids: Sequence[int], text: str) -> list[int]:
        """The character of ``text`` at which each token begins.

        ``text`` is ``ids`` decoded without special tokens. It is never encoded again, since sampled tokens
        may split it otherwise than the tokenizer does. Tokens are decoded one by one and cached; where they
        do not add up to the text (an accent split over two tokens, a decoder that reads neighbours), every
        prefix is decoded instead.
        """
        if unknown := [token for token in dict.fromkeys(ids) if token not in self._pieces]:
            decoded = self.tokenizer.batch_decode([[token] for token in unknown], skip_special_tokens=True)
            self._pieces.update(zip(unknown, decoded, strict=True))
        pieces = [self._pieces[token] for token in ids]
        if "".join(pieces) == text:
            return list(accumulate(map(len, pieces), initial=0))[:-1]
        prefixes = (self.tokenizer.decode(ids[:end], skip_special_tokens=True) for end in range(len(ids)))
        lengths = (min(len(prefix.rstrip(_BROKEN)), len(text)) for prefix in prefixes)
        return list(accumulate(lengths, max))


def _line_end(text: str, position: int) -> int:
    """The end of the line that holds ``position``, with its line break and the blank lines that follow."""
    end = text.find("\n", position)
    end = len(text) if end < 0 else end
    if closing := _CLOSING.search(text, position, end):  # the tag on the item's own line
        return closing.start()
    while end < len(text) and text[end].isspace():
        end += 1
    return end
