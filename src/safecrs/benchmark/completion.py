"""The answer that training teaches: the safety analysis, then the list."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.benchmark.sample import Ref, Sample
from safecrs.catalog import make_label


def solution_text(items: Sequence[Ref]) -> str:
    """One "Title (Year)" a line."""
    return "\n".join(make_label(title, year) for title, year in items)


def completion_text(sample: Sample, reasoning: bool = True) -> str:
    """The ideal answer to ``sample``: its ground truth, after its reasoning unless that is not wanted."""
    solution = solution_text(sample.groundtruth)
    if not reasoning:
        return solution
    return f"<reasoning>{sample.reasoning}</reasoning>\n<solution>\n{solution}\n</solution>"
