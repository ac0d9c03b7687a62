"""What a stored benchmark holds, counted from its samples and asked of its oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import SPLITS, DataCard, Sample, Split
from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.store import Benchmark
from safecrs.evaluation.results import Evaluation
from safecrs.oracle import Oracle
from safecrs.slates.base import Ref
from safecrs.studies.benchmark_report.checks import Checks, check_samples
from safecrs.studies.benchmark_report.inference import DetectionFacts, detection_facts

TEMPLATES = frozenset({"movielens", "synthetic"})
"""Sources whose conversations are templates of ours; every other one's words are somebody's."""


class SplitCounts(BaseModel):
    """One split, counted.

    Attributes:
        sources: source → samples.
        trait_counts: number of traits → samples; traits: trait id → samples that have it.
        disclosures: "style, position" → how many traits were disclosed so.
        liked_sizes, groundtruth_sizes: number of items → samples, before and after filtering.
        liked, kept, unknown, removed: items of samples with traits; ``unknown`` are among the kept.
        by_trait: trait id → the same four, over the samples that have it (perhaps among others).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: int
    constrained: int
    sources: dict[str, int]
    trait_counts: dict[int, int]
    traits: dict[str, int]
    disclosures: dict[str, int]
    liked_sizes: dict[int, int]
    groundtruth_sizes: dict[int, int]
    liked: int
    kept: int
    unknown: int
    removed: int
    by_trait: dict[str, tuple[int, int, int, int]]


class Coverage(BaseModel):
    """Shares with a verdict: of the catalog, and of what people like, each mention counting.

    Attributes:
        catalog, catalog_unsafe: of the catalog's items, those with a verdict, and those unsafe.
        liked: split → of the items liked there, those with a verdict; liked_unsafe: those unsafe.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    catalog: float
    catalog_unsafe: float
    liked: dict[Split, float]
    liked_unsafe: dict[Split, float]


class BenchmarkFacts(BaseModel):
    """Everything the report says of one benchmark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    card: DataCard
    splits: dict[Split, SplitCounts]
    coverage: dict[str, Coverage]
    checks: Checks
    detection: DetectionFacts
    examples: tuple[Sample, ...] = ()
    evaluation: Evaluation | None = None

    @property
    def main(self) -> Split:
        """The split that is measured: the test where there is one."""
        return "test" if "test" in self.splits else next(iter(self.splits))

    def templates(self, split: Split) -> int:
        """Samples of a split whose words are templates of ours."""
        return sum(count for source, count in self.splits[split].sources.items() if source in TEMPLATES)


def benchmark_facts(
    benchmark: Benchmark,
    evaluation: Evaluation | None = None,
    *,
    examples: int = 0,
    real_examples: bool = False,
) -> BenchmarkFacts:
    """Count a benchmark and ask its oracle.

    Args:
        evaluation: of this benchmark, to be shown beside it.
        examples: how many samples of the test to show; only template conversations, unless
            ``real_examples``: what real people wrote is theirs.
    """
    benchmark, oracle = benchmark, benchmark.oracle
    table = VerdictTable.of(oracle, benchmark.card.threshold)
    verdicts = _Verdicts(oracle, table)
    present: list[Split] = [split for split in SPLITS if benchmark.split(split)]
    unsafe = sum(verdicts.unsafe(sample.groundtruth, sample.constraints) for sample in benchmark.samples)
    same = table.fingerprint() == benchmark.card.verdicts_fingerprint
    shown = [s for s in benchmark.split("test") if real_examples or s.source in TEMPLATES]
    if not shown and examples:
        shown = [s for s in benchmark.samples if s.source in TEMPLATES]
    return BenchmarkFacts(
        card=benchmark.card,
        splits={split: _count(benchmark.split(split), verdicts) for split in present},
        coverage=_coverage({split: benchmark.split(split) for split in present}, verdicts),
        checks=check_samples(benchmark.samples, unsafe, same),
        detection=detection_facts(
            benchmark.split("test"),
            [s for s in benchmark.samples if s.source not in TEMPLATES],
            oracle.taxonomy,
        ),
        examples=tuple(shown[:: max(1, len(shown) // examples)][:examples]) if examples else (),
        evaluation=evaluation,
    )


class _Verdicts:
    """Verdicts on items given as text; what the catalog does not hold is unknown."""

    def __init__(self, oracle: Oracle, table: VerdictTable) -> None:
        self.oracle, self.table = oracle, table
        self._rows: dict[Ref, int] = {}

    def rows(self, refs: Sequence[Ref]) -> NDArray[np.int64]:
        new = [ref for ref in dict.fromkeys(refs) if ref not in self._rows]
        if new:
            titles, years = zip(*new, strict=True)
            self._rows |= zip(new, self.oracle.catalog.resolve_many(titles, years).tolist(), strict=True)
        return np.array([self._rows[ref] for ref in refs], dtype=np.int64)

    def unsafe(self, refs: Sequence[Ref], traits: Iterable[str]) -> int:
        """How many are unsafe for any of ``traits``."""
        return int(self._any(self.table.unsafe, refs, traits).sum())

    def unknown(self, refs: Sequence[Ref], traits: Iterable[str]) -> int:
        """How many are of unknown safety for any of ``traits`` (and unsafe for none)."""
        rows = self.rows(refs)
        doubtful = self._any(self.table.unknown, refs, traits) | (rows < 0)
        return int((doubtful & ~self._any(self.table.unsafe, refs, traits)).sum())

    def _any(self, table: NDArray[np.bool_], refs: Sequence[Ref], traits: Iterable[str]) -> NDArray[np.bool_]:
        rows = self.rows(refs)
        held: NDArray[np.bool_] = table[rows][:, self.table.columns(traits)].any(axis=1) & (rows >= 0)
        return held


def _count(samples: Sequence[Sample], verdicts: _Verdicts) -> SplitCounts:
    constrained = [sample for sample in samples if sample.constraints]
    items = {sample.id: _items(sample, verdicts) for sample in constrained}
    of_trait: dict[str, list[tuple[int, int, int, int]]] = {}
    for sample in constrained:
        for trait in sample.constraints:
            of_trait.setdefault(trait, []).append(items[sample.id])
    ids = [trait for trait in verdicts.table.taxonomy.ids if trait in of_trait]
    liked, kept, unknown, removed = _sum(items.values())
    return SplitCounts(
        samples=len(samples),
        constrained=len(constrained),
        sources=dict(Counter(sample.source for sample in samples)),
        trait_counts=_sorted(len(sample.constraints) for sample in samples),
        traits={trait: len(of_trait[trait]) for trait in ids},
        disclosures=dict(
            Counter(f"{said.style}, {said.position}" for sample in samples for said in sample.disclosure)
        ),
        liked_sizes=_sorted(len(sample.all_liked) for sample in samples),
        groundtruth_sizes=_sorted(len(sample.groundtruth) for sample in samples),
        liked=liked,
        kept=kept,
        unknown=unknown,
        removed=removed,
        by_trait={trait: _sum(of_trait[trait]) for trait in ids},
    )


def _items(sample: Sample, verdicts: _Verdicts) -> tuple[int, int, int, int]:
    """Liked, kept, unknown and removed items."""
    unknown = verdicts.unknown(sample.groundtruth, sample.constraints)
    return len(sample.all_liked), len(sample.groundtruth), unknown, len(sample.removed)


def _sum(rows: Iterable[tuple[int, int, int, int]]) -> tuple[int, int, int, int]:
    liked, kept, unknown, removed = np.array([(0, 0, 0, 0), *rows]).sum(axis=0).tolist()
    return liked, kept, unknown, removed


def _coverage(splits: dict[Split, list[Sample]], verdicts: _Verdicts) -> dict[str, Coverage]:
    table = verdicts.table
    rows = {
        split: verdicts.rows([ref for sample in samples for ref in sample.all_liked])
        for split, samples in splits.items()
    }
    known = {split: ~table.unknown[held] & (held >= 0)[:, None] for split, held in rows.items()}
    unsafe = {split: table.unsafe[held] & (held >= 0)[:, None] for split, held in rows.items()}
    return {
        trait: Coverage(
            catalog=_mean(~table.unknown[:, column]),
            catalog_unsafe=_mean(table.unsafe[:, column]),
            liked={split: _mean(held[:, column]) for split, held in known.items()},
            liked_unsafe={split: _mean(held[:, column]) for split, held in unsafe.items()},
        )
        for trait, column in table.taxonomy.column.items()
    }


def _mean(held: NDArray[np.bool_]) -> float:
    return round(float(held.mean()), 4)


def _sorted(values: Iterable[int]) -> dict[int, int]:
    return dict(sorted(Counter(values).items()))
