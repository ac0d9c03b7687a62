"""Samples as rows of a dataset and back: the paper's fields and ours; the completion to train on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from safecrs.benchmark.sample import Sample
from safecrs.slates.base import Ref
from safecrs.slates.template import answer_text, solution_text


def completion_text(sample: Sample, reasoning: bool = True) -> str:
    """The answer that training teaches: the ground truth, after the safety analysis if ``reasoning``."""
    if reasoning:
        return answer_text(sample.groundtruth, sample.reasoning)
    return solution_text(sample.groundtruth)


def sample_row(sample: Sample, trait_names: Mapping[str, str]) -> dict[str, Any]:
    """A sample as a dataset row: the paper's fields, then ours.

    As in the paper's files, items are [title, year] with the year as text ("" when unknown), and
    ``constraints`` is a struct of trait names of which those that hold are true (the others null).
    """
    return {
        "prompt": [message.model_dump() for message in sample.prompt],
        "completion": [{"role": "assistant", "content": completion_text(sample)}],
        "seen_titles": [title for title, _ in sample.seen],
        "groundtruth_with_release_year": _pairs(sample.groundtruth),
        "constraints": {name: trait in sample.constraints or None for trait, name in trait_names.items()},
        "id": sample.id,
        "split": sample.split,
        "domain": sample.domain,
        "source": sample.source,
        "constraint_ids": list(sample.constraints),
        "seen": _pairs(sample.seen),
        "all_liked": _pairs(sample.all_liked),
        "removed": _pairs(sample.removed),
        "reasoning": sample.reasoning,
        "disclosure": [disclosed.model_dump() for disclosed in sample.disclosure],
    }


def sample_of(row: Mapping[str, Any]) -> Sample:
    """The sample that `sample_row` wrote; a ValueError, KeyError or TypeError if it did not."""
    return Sample.model_validate(
        {name: row[name] for name in ("id", "split", "domain", "source", "prompt", "reasoning", "disclosure")}
        | {
            "constraints": row["constraint_ids"],
            "seen": _refs(row["seen"]),
            "all_liked": _refs(row["all_liked"]),
            "groundtruth": _refs(row["groundtruth_with_release_year"]),
            "removed": _refs(row["removed"]),
        }
    )


def features(datasets: Any, trait_names: Mapping[str, str]) -> Any:
    """Typed columns, so that a split without traits still has them."""
    text, pairs = datasets.Value("string"), datasets.List(datasets.List(datasets.Value("string")))
    messages = datasets.List({"role": text, "content": text})
    return datasets.Features(
        {
            "prompt": messages,
            "completion": messages,
            "seen_titles": datasets.List(text),
            "groundtruth_with_release_year": pairs,
            "constraints": {name: datasets.Value("bool") for name in trait_names.values()},
            "id": text,
            "split": text,
            "domain": text,
            "source": text,
            "constraint_ids": datasets.List(text),
            "seen": pairs,
            "all_liked": pairs,
            "removed": pairs,
            "reasoning": text,
            "disclosure": datasets.List({"trait": text, "style": text, "position": text, "text": text}),
        }
    )


def _pairs(refs: tuple[Ref, ...]) -> list[list[str]]:
    return [[title, "" if year is None else str(year)] for title, year in refs]


def _refs(pairs: Any) -> list[Ref]:
    return [(title, int(year) if year else None) for title, year in pairs]
