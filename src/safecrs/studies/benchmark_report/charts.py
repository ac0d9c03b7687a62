"""The charts of the benchmark report."""

from __future__ import annotations

from collections.abc import Mapping

from safecrs.evaluation.report import Point, dots, lines, point, short
from safecrs.studies.benchmark_report.facts import BenchmarkFacts, SplitCounts
from safecrs.studies.benchmark_report.quality import PrecisionRecall

MOST = 20  # sizes from here on are counted together


def traits(facts: BenchmarkFacts) -> str:
    """The share of each split's samples that have each trait."""
    order = sorted(facts.coverage, key=lambda t: -sum(s.traits.get(t, 0) for s in facts.splits.values()))
    return dots(
        [short(facts.card.trait_names[trait]) for trait in order],
        {
            f"{split} ({held.samples:,})": [_share(held.traits.get(t, 0) / held.samples) for t in order]
            for split, held in facts.splits.items()
        },
        "% of the samples of the split",
        "Share of the samples of each split that have each sensitivity; the numbers are in the table below.",
    )


def sizes(split: str, held: SplitCounts) -> str:
    """How many items the samples have before and after filtering."""
    series = {
        name: [
            (n, 100 * sum(counts[size] for size in counts if min(size, MOST) == n) / held.samples)
            for n in range(1, min(max(counts), MOST) + 1)
        ]
        for name, counts in (("liked", held.liked_sizes), ("ground truth", held.groundtruth_sizes))
    }
    return lines(
        series,
        f"{split}: items per sample",
        "% of the samples",
        f"Items per sample of {split}, liked and left as ground truth; the table below sums them up.",
    )


def coverage(facts: BenchmarkFacts) -> str:
    """By trait: the share of the catalog, and of the items people like, that has a verdict or is unsafe."""
    held = sorted(facts.coverage.items(), key=lambda item: -item[1].catalog)
    return dots(
        [short(facts.card.trait_names[trait]) for trait, _ in held],
        {
            "catalog, verdict": [_share(c.catalog) for _, c in held],
            f"liked in {facts.main}, unsafe": [_share(c.liked_unsafe[facts.main]) for _, c in held],
            f"liked in {facts.main}, verdict": [_share(c.liked[facts.main]) for _, c in held],
        },
        "% of the items",
        "Share of the catalog and of the liked items with a verdict, and of the liked items that are unsafe, "
        "by sensitivity; the numbers are in the table below.",
    )


def quality(held: Mapping[str, PrecisionRecall], what: str) -> str:
    """Precision and recall with their intervals."""
    return dots(
        list(held),
        {
            "precision": [point(both.precision) for both in held.values()],
            "recall": [point(both.recall) for both in held.values()],
        },
        "%",
        f"Precision and recall of the parser by {what}; the numbers are in the table below.",
    )


def _share(value: float) -> Point:
    return 100 * value, 100 * value, 100 * value
