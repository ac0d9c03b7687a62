"""The answer that training teaches: the safety analysis, then the list."""

from __future__ import annotations

from safecrs.benchmark.sample import Sample
from safecrs.slates.template import solution_text


def completion_text(sample: Sample, reasoning: bool = True) -> str:
    """The ideal answer to ``sample``: its ground truth, after its reasoning unless that is not wanted."""
    solution = solution_text(sample.groundtruth)
    if not reasoning:
        return solution
    return f"<reasoning>{sample.reasoning}</reasoning>\n<solution>\n{solution}\n</solution>"
