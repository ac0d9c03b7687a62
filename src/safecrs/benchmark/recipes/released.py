"""The authors' released samples as a benchmark of ours."""

from __future__ import annotations

from pathlib import Path

from safecrs.benchmark.build import describe
from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.sample import Split
from safecrs.benchmark.sources.released import read_released
from safecrs.benchmark.store import Benchmark
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.taxonomy import DEFAULT_THRESHOLD


def build_released(
    folder: Path,
    oracle: Oracle,
    *,
    split: Split | None = None,
    threshold: float = DEFAULT_THRESHOLD,
) -> Benchmark:
    """The authors' released samples as they are (`read_released`), described and judged by our oracle."""
    samples, source = read_released(folder, oracle.taxonomy, split=split)
    if not samples:
        raise SafecrsError(f"{folder}: no row has any ground truth.")
    table = VerdictTable.of(oracle, threshold)
    unknown: dict[str, int] = {}
    unsafe = total = 0
    for sample in samples:
        titles, years = zip(*sample.groundtruth, strict=True)
        rows = oracle.catalog.resolve_many(titles, years)
        found, columns = rows[rows >= 0], table.columns(sample.constraints)
        unsafe += int(table.unsafe[found][:, columns].any(axis=1).sum())
        unknown[sample.id] = int((rows < 0).sum() + table.unknown[found][:, columns].any(axis=1).sum())
        total += len(rows)
    note = (
        f"Samples as the authors released them. Of their {total:,} ground-truth items, {unsafe:,} are unsafe "
        "for the disclosed sensitivity by the oracle used here, and are kept."
    )
    histories = tuple((*s.seen, *s.groundtruth) for s in samples if s.split == "train")
    return describe(
        *("SafeRec-Released", samples, [source], oracle, table, unknown),
        notes=(note,),
        histories=histories,
    )
