"""Benchmarks on disk: Hugging Face datasets with the paper's fields and ours, a data card, and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from safecrs.benchmark.card import DataCard
from safecrs.benchmark.completion import completion_text
from safecrs.benchmark.sample import SPLITS, Ref, Sample, Split
from safecrs.errors import SafecrsError
from safecrs.storage import (
    atomic_folder,
    atomic_path,
    check_writable,
    fingerprint,
    read_json,
    write_json,
    write_text,
)

if TYPE_CHECKING:
    from safecrs.oracle import Oracle

_CARD = "card.json"
_TASTES = "tastes.jsonl"
_SAMPLES = "samples"
ORACLE = "oracle.safetensors"
"""The name of the oracle that a benchmark was built with, in its folder."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Samples, the card that describes them, and the tastes a policy may learn from.

    Attributes:
        tastes: for each training person the items they liked; nobody of validation or test is among them.
    """

    samples: tuple[Sample, ...]
    card: DataCard
    tastes: tuple[tuple[Ref, ...], ...] = ()

    def split(self, name: Split) -> list[Sample]:
        """The samples of one split, in order."""
        return [sample for sample in self.samples if sample.split == name]


def samples_fingerprint(samples: Iterable[Sample]) -> str:
    """Changes when any sample does, but not with their order."""
    return fingerprint(*sorted(sample.model_dump_json() for sample in samples))


def save_benchmark(
    benchmark: Benchmark, folder: Path, *, overwrite: bool = False, oracle: Oracle | None = None
) -> None:
    """Write a folder: ``samples/`` (Hugging Face DatasetDict), ``card.json``, ``card.md``, ``tastes.jsonl``,
    and ``oracle.safetensors`` when the oracle is given.

    It appears whole or not at all.

    Raises:
        SafecrsError: the folder exists (only a benchmark is ever overwritten, and only with ``overwrite``),
            it cannot be written, or the datasets package is missing.
    """
    datasets = _datasets()
    check_free(folder, overwrite)
    with atomic_folder(folder) as temporary:
        splits = {}
        for name in SPLITS:
            rows = [sample_row(sample, benchmark.card.trait_names) for sample in benchmark.split(name)]
            if rows:  # the library writes a split without rows, but cannot read it again
                splits[name] = datasets.Dataset.from_list(rows, features=_features(datasets, benchmark.card))
        datasets.DatasetDict(splits).save_to_disk(str(temporary / _SAMPLES))
        write_json(temporary / _CARD, benchmark.card.model_dump(mode="json"))
        write_text(temporary / "card.md", benchmark.card.markdown())
        write_text(temporary / _TASTES, "".join(_line(taste) for taste in benchmark.tastes))
        if oracle is not None:
            oracle.save(temporary / ORACLE)


def load_benchmark(folder: Path) -> Benchmark:
    """Read what `save_benchmark` wrote, and check every sample and that they are the ones the card describes.

    Raises:
        SafecrsError: the folder is missing, incomplete or damaged; names split and row.
    """
    datasets = _datasets()
    card = read_card(folder)
    try:
        stored = datasets.load_from_disk(str(folder / _SAMPLES))
        tables = {name: stored[name].to_list() for name in SPLITS if name in stored}
    except Exception as error:  # the library raises whatever its parts do
        raise SafecrsError(
            f"{folder / _SAMPLES} is not a readable benchmark ({error}); build it again."
        ) from error
    samples: list[Sample] = []
    for name, rows in tables.items():
        for number, row in enumerate(rows, start=1):
            try:
                samples.append(_sample(row))
            except (ValidationError, KeyError, TypeError, ValueError) as error:
                reason = _first(error) if isinstance(error, ValidationError) else repr(error)
                raise SafecrsError(
                    f"{folder}, {name} row {number} is not a valid sample: {reason}."
                ) from error
    if samples_fingerprint(samples) != card.fingerprint:
        raise SafecrsError(f"{folder}: the samples are not those its card describes; build it again.")
    return Benchmark(tuple(samples), card, _read_tastes(folder / _TASTES))


def read_card(folder: Path) -> DataCard:
    """The data card of the benchmark in ``folder``, without its samples.

    Raises:
        SafecrsError: it is missing or damaged.
    """
    try:
        return DataCard.model_validate(read_json(folder / _CARD))
    except ValidationError as error:
        raise SafecrsError(f"{folder / _CARD} is not a data card: {_first(error)}.") from error


def export_jsonl(benchmark: Benchmark, target: Path, split: Split | None = None) -> int:
    """Write samples as JSON lines with the fields of the datasets; years are numbers, null when unknown.

    Returns the number of lines.

    Raises:
        SafecrsError: the file cannot be written.
    """
    samples = benchmark.samples if split is None else benchmark.split(split)
    with atomic_path(target) as temporary, temporary.open("w", encoding="utf-8") as file:
        for sample in samples:
            row = sample_row(sample, benchmark.card.trait_names)
            row |= {
                "groundtruth_with_release_year": sample.groundtruth,
                "seen": sample.seen,
                "all_liked": sample.all_liked,
                "removed": sample.removed,
                "constraints": {name: True for name, holds in row["constraints"].items() if holds},
            }
            file.write(_line(row))
    return len(samples)


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


def _sample(row: Mapping[str, Any]) -> Sample:
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


def _features(datasets: Any, card: DataCard) -> Any:
    """Typed columns, so that a split without traits still has them."""
    text, pairs = datasets.Value("string"), datasets.List(datasets.List(datasets.Value("string")))
    messages = datasets.List({"role": text, "content": text})
    return datasets.Features(
        {
            "prompt": messages,
            "completion": messages,
            "seen_titles": datasets.List(text),
            "groundtruth_with_release_year": pairs,
            "constraints": {name: datasets.Value("bool") for name in card.trait_names.values()},
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


def _read_tastes(path: Path) -> tuple[tuple[Ref, ...], ...]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SafecrsError(f"{path} cannot be read ({error}); build the benchmark again.") from error
    tastes: list[tuple[Ref, ...]] = []
    for number, line in enumerate(lines, start=1):
        if line:
            try:
                tastes.append(tuple((str(title), year and int(year)) for title, year in json.loads(line)))
            except (ValueError, TypeError) as error:
                raise SafecrsError(
                    f"{path} row {number} is not a list of titles and years ({error})."
                ) from error
    return tuple(tastes)


def check_free(target: Path, overwrite: bool) -> None:
    """Make sure, before the work, that a benchmark may be written to ``target``.

    Raises:
        SafecrsError: something else is there, or a benchmark and ``overwrite`` is off; or the folder above
            cannot be written.
    """
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        if not (target / _CARD).is_file():
            raise SafecrsError(f"{target} exists and is not a benchmark; choose another folder.")
        if not overwrite:
            raise SafecrsError(
                f"{target} already holds a benchmark; choose another folder or allow overwriting it."
            )
    check_writable(target)


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise SafecrsError(
            "Stored benchmarks need the datasets package: pip install 'safecrs[benchmark]'."
        ) from error
    datasets.utils.logging.disable_progress_bar()
    return datasets


def _pairs(refs: tuple[Ref, ...]) -> list[list[str]]:
    return [[title, "" if year is None else str(year)] for title, year in refs]


def _refs(pairs: Any) -> list[Ref]:
    return [(title, int(year) if year else None) for title, year in pairs]


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in detail['loc'])} {detail['msg']}".strip()
