"""Format: the answer reasons once, then lists once (ours); only for models that are taught to reason."""

from __future__ import annotations

import re

import numpy as np

from safecrs.scoring.rewards.batch import ParsedSlates, Reward, share

_ANSWER = re.compile(r"\s*<reasoning>(?P<reasoning>.*?)</reasoning>\s*<solution>.*?</solution>\s*", re.DOTALL)
_TAG = re.compile(r"</?(?:reasoning|solution)>", re.IGNORECASE)


def format_blocks(slates: ParsedSlates) -> Reward:
    """1 if the completion is one <reasoning> block that is not empty and one <solution> block, else 0.

    Every rank of the list shares it.
    """
    return share(np.array([float(_well_formed(text)) for text in slates.texts], dtype=np.float64), slates)


def _well_formed(text: str) -> bool:
    # Exactly four tags keep the lazy patterns from stretching over a second block.
    if len(_TAG.findall(text)) != 4:
        return False
    answer = _ANSWER.fullmatch(text)
    return answer is not None and bool(answer["reasoning"].strip())
