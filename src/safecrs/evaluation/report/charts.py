"""Charts of results as inline SVG: text stays text, and the colours follow the page, light or dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from textwrap import fill
from typing import Any

from safecrs.evaluation.results import Evaluation
from safecrs.scoring.statistics import Estimate

COLOURS = ("#4e79a7", "#e15759", "#59a14f", "#f28e2b", "#b07aa1", "#8c8c8c", "#9c755f", "#3d9d97")
MARKERS = "osD^vPX*"
PROTECTIONS = {"": "o", "catalog": "P", "filter": "s", "constrained": "D"}
INK, EDGE, GRID, PAGE = "#1f2933", "#9aa5b1", "#e4e7eb", "#fffffe"
_VARIABLES = {INK: "var(--ink)", EDGE: "var(--edge)", GRID: "var(--line)", PAGE: "var(--page)"}
_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": EDGE,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
    "text.color": INK,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.color": EDGE,
    "ytick.color": EDGE,
    "font.size": 9.5,
    "legend.frameon": False,
    "savefig.transparent": True,
    "svg.fonttype": "none",
    "svg.hashsalt": "safecrs",
    "text.parse_math": False,  # a "$" in a name is a "$"
}
Point = tuple[float, float, float] | None
"""A value with the bounds of its interval (equal to it where there is none); None where nothing counts."""


def tradeoff(evaluation: Evaluation) -> str:
    """Recall against violations, every system with its intervals; the upper left corner is best."""
    from matplotlib.lines import Line2D

    rankers = dict.fromkeys(system.label.ranker for system in evaluation.systems)
    colour = {ranker: COLOURS[index % len(COLOURS)] for index, ranker in enumerate(rankers)}
    figure, axes = subplots(4.9, 4.6)
    for label, metrics in ((system.label, system.metrics) for system in evaluation.systems):
        recall, svr, ink = point(metrics["recall"], 1), point(metrics["svr"]), colour[label.ranker]
        if recall and svr:
            axes.errorbar(
                svr[0],
                recall[0],
                xerr=bars([svr]),
                yerr=bars([recall]),
                fmt=PROTECTIONS.get(label.protection.partition(",")[0], "^"),
                color=ink,
                markerfacecolor=PAGE if label.constraints == "detected" else ink,
                ecolor=ink + "66",
                elinewidth=1,
                markersize=7,
            )
    detected = any(system.label.constraints == "detected" for system in evaluation.systems)
    keys = [
        *((ranker, "o", ink, ink) for ranker, ink in colour.items()),
        *((name or "as it is", marker, INK, INK) for name, marker in PROTECTIONS.items()),
        *([("traits detected", "o", INK, PAGE)] if detected else []),
    ]
    handles = [
        Line2D([], [], color=ink, marker=marker, linestyle="", markerfacecolor=face, label=name)
        for name, marker, ink, face in keys
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    k = evaluation.k
    axes.set(
        xlabel=f"SVR@{k}: recommendations that violate, %  (← better)",
        ylabel=f"Recall@{k}  (→ better)",
        xlim=(min(-0.5, axes.get_xlim()[0]), None),
        ylim=(0, None),
    )
    return svg(figure, f"Recall@{k} against SVR@{k} of every system; the numbers are in the table.")


def by_trait(evaluation: Evaluation, names: Sequence[str]) -> str:
    """Violations by trait of the systems of these names; traits by how many conversations have them."""
    systems = {system.name: system.by_trait for system in evaluation.systems if system.name in names}
    traits = [
        trait
        for trait in sorted(evaluation.trait_samples, key=lambda t: -evaluation.trait_samples[t])
        if all(trait in held for held in systems.values())
    ]
    return dots(
        [f"{short(evaluation.card.trait_names[t])} ({evaluation.trait_samples[t]})" for t in traits],
        {name: [point(held[trait]["svr"]) for trait in traits] for name, held in systems.items()},
        f"SVR@{evaluation.k}, % (conversations in brackets)",
        f"SVR@{evaluation.k} by sensitivity of {', '.join(systems)}.",
    )


def short(name: str) -> str:
    """A trait's name without what it says in brackets."""
    return re.sub(r"\s*\(.*\)", "", name)


def point(estimate: Estimate, scale: float = 100) -> Point:
    """An estimate as charts draw it, by default in percent."""
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None:
        return None
    return scale * value, scale * (value if low is None else low), scale * (value if high is None else high)


def bars(points: Sequence[tuple[float, float, float]]) -> list[list[float]]:
    """The lengths of error bars below and above each value, [2, points]."""
    return [[max(0.0, v - low) for v, low, _ in points], [max(0.0, high - v) for v, _, high in points]]


def dots(labels: Sequence[str], series: Mapping[str, Sequence[Point]], xlabel: str, alt: str) -> str:
    """A dot plot with intervals: one row a label, one marker a series; each series has a point a label."""
    figure, axes = subplots(4.6, 1.0 + 0.35 * max(len(labels), 2))
    for index, (name, points) in enumerate(series.items()):
        shift = (index - (len(series) - 1) / 2) * 0.6 / len(series)
        drawn = [each for each in points if each]
        axes.errorbar(
            [value for value, _, _ in drawn],
            [row + shift for row, each in enumerate(points) if each],
            xerr=bars(drawn), fmt=MARKERS[index % 8], color=COLOURS[index % 8], label=name, ms=4.5, lw=1.1,
        )  # fmt: skip
    axes.set_yticks(range(len(labels)), [fill(label, 26) for label in labels], fontsize=8.5)
    axes.set(xlabel=xlabel, ylim=(len(labels) - 0.4, -0.6), xlim=(-0.03 * axes.get_xlim()[1], None))
    axes.tick_params(axis="y", length=0)
    return svg(figure, alt, legend=len(series) > 1)


def lines(series: Mapping[str, Sequence[tuple[float, float]]], xlabel: str, ylabel: str, alt: str) -> str:
    """Curves of (x, y) points, one a series."""
    figure, axes = subplots(3.7, 2.6)
    for index, (name, points) in enumerate(series.items()):
        marker = MARKERS[index % 8] if len(points) <= 25 else ""
        axes.plot(
            *zip(*points, strict=True), marker=marker, ms=4, lw=1.4, color=COLOURS[index % 8], label=name
        )
    axes.set(xlabel=xlabel, ylabel=ylabel)
    axes.xaxis.get_major_locator().set_params(integer=True)
    return svg(figure, alt, legend=len(series) > 1)


def subplots(width: float, height: float) -> tuple[Any, Any]:
    """A figure of that many inches and its axes, in the style of the report."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams.update(_STYLE)
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def svg(figure: Any, alt: str, *, legend: bool = False) -> str:
    """The figure as an SVG element; ``alt`` says in words what it shows."""
    if legend:
        figure.legend(loc="outside upper center", ncols=2)
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's browser draws the text
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = re.sub(r'<g id="[^"]*">', "<g>", buffer.getvalue())  # a page holds several charts
    for colour, variable in _VARIABLES.items():
        text = text.replace(f": {colour}", f": {variable}")
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
