"""The pictures of the benchmark report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from safecrs.evaluation.report.drawing import COLOURS, INK, pyplot, svg
from safecrs.studies.benchmark_report.facts import BenchmarkFacts
from safecrs.studies.benchmark_report.parser import ParserPart
from safecrs.studies.benchmark_report.shares import ShareFact

_BLUE, _RED, _GREEN, _GREY, _ORANGE = COLOURS[5], COLOURS[3], COLOURS[6], COLOURS[0], COLOURS[4]
_WIDTH = 10.5
_MOST = 20
"""Histograms put all larger counts into their last bar."""


def trait_distribution(facts: BenchmarkFacts) -> str:
    """Small multiples, one a split: the share of its samples that have each trait, with the number."""
    plt = pyplot()
    traits = _traits(facts)
    figure, axes = _panels(plt, facts, height=0.5 + 0.27 * len(traits), sharey=True)
    most = max(
        (held.traits.get(t, 0) / held.samples for held in facts.splits.values() for t in traits), default=1.0
    )
    for index, (panel, (split, held)) in enumerate(zip(axes, facts.splits.items(), strict=True)):
        shares = [100 * held.traits.get(trait, 0) / held.samples for trait in traits]
        panel.barh(range(len(traits)), shares, color=_BLUE, height=0.7)
        for place, (trait, share) in enumerate(zip(traits, shares, strict=True)):
            count = held.traits.get(trait, 0)
            panel.annotate(
                f"{count:,}", (share, place), xytext=(3, 0), textcoords="offset points", va="center",
                fontsize=8, color=INK if count else _RED,
            )  # fmt: skip
        panel.set_title(f"{split} ({held.samples:,} samples)", fontsize=10, loc="left")
        panel.set_xlim(0, 118 * most or 1)
        panel.set_xlabel("% of the samples")
        panel.grid(axis="y", visible=False)
        if index == 0:
            panel.set_yticks(range(len(traits)), [_short(facts, trait) for trait in traits], fontsize=9)
            panel.set_ylim(len(traits) - 0.4, -0.6)
        panel.tick_params(axis="y", length=0)
    alt = "Share of the samples of each split that have each sensitivity; the table below holds the numbers."
    return svg(plt, figure, alt)


def sizes(facts: BenchmarkFacts) -> str:
    """Small multiples, one a split: items a sample before and after filtering."""
    plt = pyplot()
    figure, axes = _panels(plt, facts, height=2.4)
    for panel, (split, held) in zip(axes, facts.splits.items(), strict=True):
        for offset, (name, counts, colour) in enumerate(
            (("liked", held.liked_sizes, _GREY), ("ground truth", held.groundtruth_sizes, _GREEN))
        ):
            folded = _fold(counts)
            places = [size + 0.4 * offset - 0.2 for size in folded]
            panel.bar(
                places, [100 * n / held.samples for n in folded.values()], 0.4, color=colour, label=name
            )
        panel.set_title(split, fontsize=10, loc="left")
        panel.set_xlabel("items a sample")
        panel.set_xlim(0.2, max(_fold(held.liked_sizes), default=1) + 0.8)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(axis="x", visible=False)
    axes[0].set_ylabel("% of the samples")
    axes[0].legend(frameon=False, fontsize=9)
    alt = "Number of items a sample, liked and left as ground truth, by split."
    return svg(plt, figure, alt)


def coverage(facts: BenchmarkFacts) -> str:
    """By trait: what share of the catalog, and of the items people like, has a verdict."""
    plt = pyplot()
    traits = sorted(facts.coverage, key=lambda trait: -facts.coverage[trait].catalog)
    figure, axes = plt.subplots(figsize=(_WIDTH, 0.9 + 0.27 * len(traits)))
    main = facts.main
    for place, trait in enumerate(traits):
        held = facts.coverage[trait]
        ends = [100 * held.catalog, 100 * held.liked[main]]
        axes.plot(ends, [place, place], color="#cbd2d9", lw=2, zorder=1)
    for name, colour, marker, values in (
        ("with a verdict: catalog", _GREY, "s", [facts.coverage[t].catalog for t in traits]),
        (
            f"with a verdict: liked in {main}",
            _BLUE,
            "o",
            [facts.coverage[t].liked[main] for t in traits],
        ),
        (f"unsafe: liked in {main}", _RED, "x", [facts.coverage[t].liked_unsafe[main] for t in traits]),
    ):
        axes.scatter(
            [100 * v for v in values],
            range(len(traits)),
            color=colour,
            marker=marker,
            s=34,
            label=name,
            zorder=2,
        )
    axes.set_yticks(range(len(traits)), [_short(facts, trait) for trait in traits], fontsize=9)
    axes.invert_yaxis()
    axes.set_xlim(-2, 102)
    axes.set_xlabel("% of the items")
    axes.tick_params(axis="y", length=0)
    axes.legend(frameon=False, fontsize=9, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    alt = (
        "Share of the catalog and of the liked items with a verdict, by sensitivity; numbers in the table "
        "below."
    )
    return svg(plt, figure, alt)


def parser_quality(part: ParserPart) -> str:
    """Precision and recall by severity and by topic, with their intervals."""
    plt = pyplot()
    groups = (("severity", part.severities), ("topic", part.topics))
    figure, axes = plt.subplots(
        1, 2, figsize=(_WIDTH, 0.9 + 0.25 * max(len(held) for _, held in groups)), layout="constrained"
    )
    for panel, (title, held) in zip(axes, groups, strict=True):
        _whiskers(panel, {name: both.precision for name, both in held.items()}, -0.14, _BLUE, "precision")
        _whiskers(panel, {name: both.recall for name, both in held.items()}, 0.14, _ORANGE, "recall")
        panel.set_yticks(range(len(held)), list(held), fontsize=9)
        panel.set_ylim(len(held) - 0.5, -0.5)
        panel.set_title(f"by {title}", fontsize=10, loc="left")
        panel.set_xlim(-2, 104)
        panel.set_xlabel("%")
        panel.tick_params(axis="y", length=0)
    figure.legend(
        *axes[0].get_legend_handles_labels(), frameon=False, fontsize=9, loc="outside upper center", ncols=2
    )
    alt = (
        "Precision and recall of the parser by severity and by topic with intervals; numbers in the tables "
        "below."
    )
    return svg(plt, figure, alt)


def _panels(
    plt: Any, facts: BenchmarkFacts, height: float, sharey: bool = False
) -> tuple[Any, Sequence[Any]]:
    count = len(facts.splits)
    figure, axes = plt.subplots(
        1, count, figsize=(_WIDTH, height), sharey=sharey, layout="constrained", squeeze=False
    )
    return figure, axes[0]


def _whiskers(panel: Any, shares: Mapping[str, ShareFact], offset: float, colour: str, label: str) -> None:
    places = [place + offset for place, share in enumerate(shares.values()) if share.value is not None]
    held = [(share, share.value) for share in shares.values() if share.value is not None]
    bars = [
        [max(0.0, 100 * (value - share.low)) for share, value in held],
        [max(0.0, 100 * (share.high - value)) for share, value in held],
    ]
    panel.errorbar(
        [100 * value for _, value in held],
        places,
        xerr=bars,
        fmt="o",
        ms=4,
        color=colour,
        lw=1.2,
        label=label,
    )


def _fold(counts: Mapping[int, int]) -> dict[int, int]:
    folded: dict[int, int] = {}
    for size, count in counts.items():
        folded[min(size, _MOST)] = folded.get(min(size, _MOST), 0) + count
    return folded


def _traits(facts: BenchmarkFacts) -> list[str]:
    total = {
        trait: sum(held.traits.get(trait, 0) for held in facts.splits.values()) for trait in facts.coverage
    }
    return sorted(total, key=lambda trait: -total[trait])


def _short(facts: BenchmarkFacts, trait: str) -> str:
    return facts.card.trait_names[trait].partition(" (")[0]
