"""Benchmarks on disk: Hugging Face datasets with the paper's fields and ours, a data card, and JSON lines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from safecrs.benchmark.card import DataCard
from safecrs.benchmark.rows import features, sample_of, sample_row
from safecrs.benchmark.sample import SPLITS, Sample, Split
from safecrs.errors import SafecrsError, extra
from safecrs.oracle import Oracle
from safecrs.slates.base import Ref
from safecrs.storage import (
    atomic_folder,
    atomic_path,
    check_writable,
    fingerprint_of,
    read_json,
    write_json,
    write_text,
)

_CARD = "card.json"
_HISTORIES = "histories.jsonl"
_SAMPLES = "samples"
_BATCH = 5000
"""Samples turned into rows, or back, at a time: as Python objects they are ten times as large."""
ORACLE = "oracle.safetensors"
"""The name of the oracle that a benchmark was built with, in its folder."""
STEPS = "steps"
"""The name of the folder with the outcome of every step, in that of a benchmark that kept them."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Samples, the card that describes them, the user histories a recommender may learn from, and the oracle.

    Attributes:
        histories: for each training person the items they liked; nobody of validation or test is among them.
        oracle: the one that filtered the ground truth and judges slates; its catalog holds the items.
    """

    samples: tuple[Sample, ...]
    card: DataCard
    oracle: Oracle
    histories: tuple[tuple[Ref, ...], ...] = ()

    def split(self, name: Split) -> list[Sample]:
        """The samples of one split, in order."""
        return [sample for sample in self.samples if sample.split == name]


def samples_fingerprint(samples: Iterable[Sample]) -> str:
    """Changes when any sample does, but not with their order."""
    # In the order of their JSON, which begins with the id: so not all of it is in memory at once.
    by_id = sorted(
        ((sample.model_dump_json(include={"id"}), sample) for sample in samples), key=itemgetter(0)
    )
    return fingerprint_of(
        text
        for _, same in groupby(by_id, key=itemgetter(0))
        for text in sorted(sample.model_dump_json() for _, sample in same)
    )


def save_benchmark(
    benchmark: Benchmark,
    folder: Path,
    *,
    overwrite: bool = False,
    steps: Path | None = None,
) -> None:
    """Write ``samples/`` (Hugging Face DatasetDict), ``card.json``, ``card.md``, ``histories.jsonl`` and
    ``oracle.safetensors`` into a folder.

    It appears whole or not at all.

    Args:
        steps: the folder with the outcome of every step, to be moved in.

    Raises:
        SafecrsError: the folder exists (only a benchmark is ever overwritten, and only with ``overwrite``),
            it cannot be written, or the datasets package is missing.
    """
    datasets = _datasets()
    check_free(folder, overwrite)
    with atomic_folder(folder) as temporary:
        splits = {}
        for name in SPLITS:
            tables = [
                datasets.Dataset.from_list(
                    [sample_row(sample, benchmark.card.trait_names) for sample in batch],
                    features=features(datasets, benchmark.card.trait_names),
                )
                for batch in _batches(benchmark.split(name))
            ]
            if tables:  # the library writes a split without rows, but cannot read it again
                splits[name] = datasets.concatenate_datasets(tables)
        datasets.DatasetDict(splits).save_to_disk(str(temporary / _SAMPLES))
        write_json(temporary / _CARD, benchmark.card.model_dump(mode="json"))
        write_text(temporary / "card.md", benchmark.card.markdown())
        write_text(temporary / _HISTORIES, "".join(map(_line, benchmark.histories)))
        benchmark.oracle.save(temporary / ORACLE)
        if steps is not None:
            steps.replace(temporary / STEPS)


def load_benchmark(folder: Path) -> Benchmark:
    """Read what `save_benchmark` wrote, and check every sample and that they are the ones the card describes.

    Raises:
        SafecrsError: the folder is missing, incomplete or damaged; names split and row.
    """
    datasets = _datasets()
    card = read_card(folder)
    samples: list[Sample] = []
    for name, number, row in _rows(datasets, folder / _SAMPLES):
        try:
            samples.append(sample_of(row))
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            reason = _first(error) if isinstance(error, ValidationError) else repr(error)
            raise SafecrsError(f"{folder}, {name} row {number} is not a valid sample: {reason}.") from error
    if samples_fingerprint(samples) != card.fingerprint:
        raise SafecrsError(f"{folder}: the samples are not those its card describes; build it again.")
    oracle = Oracle.load(folder / ORACLE)
    return Benchmark(tuple(samples), card, oracle, _read_histories(folder / _HISTORIES))


def read_card(folder: Path) -> DataCard:
    """The data card of the benchmark in ``folder``, without its samples.

    Raises:
        SafecrsError: it is missing or damaged.
    """
    if not (folder / _CARD).is_file():
        raise SafecrsError(
            f"{folder} does not exist or holds no benchmark; give the folder that `safecrs data` wrote."
        )
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


def _rows(datasets: Any, folder: Path) -> Iterator[tuple[str, int, Mapping[str, Any]]]:
    """Split, number and content of every stored row."""
    try:
        stored = datasets.load_from_disk(str(folder))
        for name in SPLITS:
            if name in stored:
                for start in range(0, len(stored[name]), _BATCH):
                    part = stored[name].select(range(start, min(start + _BATCH, len(stored[name]))))
                    for number, row in enumerate(part.to_list(), start=start + 1):
                        yield name, number, row
    except Exception as error:  # the library raises whatever its parts do
        raise SafecrsError(f"{folder} is not a readable benchmark ({error}); build it again.") from error


def _batches(samples: Sequence[Sample]) -> Iterator[Sequence[Sample]]:
    return (samples[start : start + _BATCH] for start in range(0, len(samples), _BATCH))


def _read_histories(path: Path) -> tuple[tuple[Ref, ...], ...]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SafecrsError(f"{path} cannot be read ({error}); build the benchmark again.") from error
    histories: list[tuple[Ref, ...]] = []
    for number, line in enumerate(lines, start=1):
        if line:
            try:
                histories.append(tuple((str(title), year and int(year)) for title, year in json.loads(line)))
            except (ValueError, TypeError) as error:
                raise SafecrsError(
                    f"{path} row {number} is not a list of titles and years ({error})."
                ) from error
    return tuple(histories)


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
                f"{target} already holds a benchmark; choose another folder or give --overwrite."
            )
    check_writable(target)


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise SafecrsError(f"Stored benchmarks need the datasets package: {extra('benchmark')}.") from error
    datasets.utils.logging.disable_progress_bar()
    return datasets


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"


def _first(error: ValidationError) -> str:
    detail = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in detail['loc'])} {detail['msg']}".strip()
