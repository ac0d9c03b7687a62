"""Benchmarks on disk: Hugging Face datasets with the paper's fields and ours, a data card, and JSON lines."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from safecrs.benchmark.card import DataCard
from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.rows import features, sample_of, sample_row
from safecrs.benchmark.sample import SPLITS, Sample, Split
from safecrs.benchmark.sources.dialogue import json_lines, open_text
from safecrs.errors import SafecrsError, SafecrsWarning, extra, first_problem
from safecrs.oracle import Oracle
from safecrs.slates.base import Ref
from safecrs.storage import (
    SUMS,
    atomic_folder,
    atomic_path,
    check_writable,
    fingerprint_of,
    first_damaged,
    read_json,
    sweep,
    write_json,
    write_sums,
    write_text,
)

_CARD = "card.json"
_HISTORIES = "histories.jsonl"
_HISTORIES_0_1 = "tastes.jsonl"
_SAMPLES = "samples"
_History = TypeAdapter(tuple[Ref, ...])
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
    """Write ``samples/`` (a Hugging Face DatasetDict), ``card.json``, ``card.md``, ``histories.jsonl``,
    ``oracle.safetensors`` and ``SHA256SUMS`` into a folder, which appears whole or not at all.

    Only a benchmark is ever overwritten, and only with ``overwrite``.

    Args:
        steps: the folder with the outcome of every step, to be moved in.
    """
    datasets = datasets_library()
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
        write_sums(temporary, _summed(temporary))
        if steps is not None:
            steps.replace(temporary / STEPS)
        check_free(folder, overwrite)  # again: another process may have written it meanwhile


def histories_fingerprint(histories: Iterable[Sequence[Ref]]) -> str:
    """Changes when any history or their order does."""
    return fingerprint_of(map(_line, histories))


def load_benchmark(folder: Path) -> Benchmark:
    """Read what `save_benchmark` wrote, and compare samples, oracle and histories to what the card says.

    Folders of version 0.1.0 have no checksums of histories and Arrow files; a warning says so.
    """
    datasets = datasets_library()
    card = read_card(folder)
    if card.histories_fingerprint:
        _check_sums(folder)  # a damaged Arrow file may end the process that reads it
    else:
        warnings.warn(
            f"{folder} was written by safecrs 0.1.0, without checksums of its histories and Arrow files, so "
            "that they cannot be checked; build it again to have them.",
            SafecrsWarning,
            stacklevel=2,
        )
    samples: list[Sample] = []
    for name, number, row in _rows(datasets, folder / _SAMPLES):
        try:
            samples.append(sample_of(row))
        except (ValidationError, KeyError, TypeError, ValueError) as error:
            reason = first_problem(error) if isinstance(error, ValidationError) else repr(error)
            raise SafecrsError(f"{folder}, {name} row {number} is not a valid sample: {reason}.") from error
    oracle = Oracle.load(folder / ORACLE)
    histories = _read_histories(folder)
    traits = {trait.id: trait.name for trait in oracle.taxonomy.traits}
    for part, differs in (
        ("samples", samples_fingerprint(samples) != card.fingerprint),
        ("oracle's items", len(oracle.catalog) != card.catalog_items),
        ("oracle's traits", traits != card.trait_names),
        (
            "oracle's verdicts",
            VerdictTable.of(oracle, card.threshold).fingerprint() != card.verdicts_fingerprint,
        ),
        ("histories", card.histories_fingerprint not in ("", histories_fingerprint(histories))),
    ):
        if differs:
            raise SafecrsError(f"{folder}: its {part} differ from what its card describes; build it again.")
    return Benchmark(tuple(samples), card, oracle, histories)


def read_card(folder: Path) -> DataCard:
    """The data card of the benchmark in ``folder``, without its samples."""
    sweep(folder)
    if not (folder / _CARD).is_file():
        raise SafecrsError(
            f"{folder} does not exist or holds no benchmark; give the folder that `safecrs data` wrote."
        )
    try:
        return DataCard.model_validate(read_json(folder / _CARD))
    except ValidationError as error:
        raise SafecrsError(f"{folder / _CARD} is not a data card: {first_problem(error)}.") from error


def export_jsonl(benchmark: Benchmark, target: Path, split: Split | None = None) -> int:
    """Write samples as JSON lines with the fields of the datasets; years are numbers, null when unknown.

    Returns the number of lines.
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


def _summed(folder: Path) -> list[Path]:
    """Card, histories and samples, without caches of the datasets library."""
    paths = [folder / _CARD, folder / _HISTORIES, *sorted((folder / _SAMPLES).rglob("*"))]
    return [path for path in paths if path.is_file() and not path.name.startswith("cache-")]


def _check_sums(folder: Path) -> None:
    if not (folder / SUMS).is_file():
        raise SafecrsError(f"{folder} is not a readable benchmark: it lacks {SUMS}; build it again.")
    if (name := first_damaged(folder, _summed(folder))) is not None:
        raise SafecrsError(f"{folder}: {name} differs from {SUMS}; build the benchmark again.")


def _read_histories(folder: Path) -> tuple[tuple[Ref, ...], ...]:
    path = folder / _HISTORIES
    if not path.exists() and (folder / _HISTORIES_0_1).exists():
        path = folder / _HISTORIES_0_1
    with open_text(path) as (lines, _):
        return tuple(history for _, history in json_lines(path, lines, _History))


def check_free(target: Path, overwrite: bool) -> None:
    """Raise, before the work, if ``target`` is not free: only with ``overwrite`` a benchmark may be there."""
    sweep(target)
    if target.exists() and any(target.iterdir() if target.is_dir() else [target]):
        if not (target / _CARD).is_file():
            raise SafecrsError(f"{target} exists and is not a benchmark; choose another folder.")
        if not overwrite:
            raise SafecrsError(
                f"{target} already holds a benchmark; choose another folder or give --overwrite."
            )
    check_writable(target)


def datasets_library() -> Any:
    """The datasets package, without its progress bars."""
    try:
        import datasets
    except ImportError as error:
        raise SafecrsError(f"Datasets on disk need the datasets package: {extra('benchmark')}.") from error
    datasets.utils.logging.disable_progress_bar()
    return datasets


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
