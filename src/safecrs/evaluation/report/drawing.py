"""Charts as inline SVG in one style: text stays text, and the colours follow the page, light or dark."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from textwrap import fill
from typing import Any

COLOURS = ("#4e79a7", "#e15759", "#59a14f", "#f28e2b", "#b07aa1", "#8c8c8c", "#9c755f", "#3d9d97")
MARKERS = "osD^vPX*"
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


def dots(labels: Sequence[str], series: Mapping[str, Sequence[Point]], xlabel: str, alt: str) -> str:
    """A dot plot with intervals: one row a label, one marker a series; each series has a point a label."""
    figure, axes = subplots(4.6, 1.0 + 0.35 * max(len(labels), 2))
    step = 0.6 / max(len(series), 1)
    for index, (name, points) in enumerate(series.items()):
        held = [(row, *point) for row, point in enumerate(points) if point]
        axes.errorbar(
            [value for _, value, _, _ in held],
            [row + (index - (len(series) - 1) / 2) * step for row, *_ in held],
            xerr=[[max(0.0, value - low) for _, value, low, _ in held],
                  [max(0.0, high - value) for _, value, _, high in held]],
            fmt=MARKERS[index % 8], color=COLOURS[index % 8], label=name, ms=4.5, lw=1.1,
        )  # fmt: skip
    axes.set_yticks(range(len(labels)), [fill(label, 26) for label in labels], fontsize=8.5)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(left=-0.03 * axes.get_xlim()[1])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(xlabel)
    if len(series) > 1:
        figure.legend(loc="outside upper center", ncols=2)
    return svg(figure, alt)


def lines(series: Mapping[str, Sequence[tuple[float, float]]], xlabel: str, ylabel: str, alt: str) -> str:
    """Curves of (x, y) points, one a series."""
    figure, axes = subplots(3.7, 2.6)
    for index, (name, points) in enumerate(series.items()):
        marker = MARKERS[index % 8] if len(points) <= 25 else ""
        axes.plot(
            *zip(*points, strict=True), marker=marker, ms=4, lw=1.4, color=COLOURS[index % 8], label=name
        )
    axes.set_xlabel(xlabel)
    axes.set_ylabel(ylabel)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if len(series) > 1:
        figure.legend(loc="outside upper center", ncols=2)
    return svg(figure, alt)


def subplots(width: float, height: float) -> tuple[Any, Any]:
    """A figure of that many inches and its axes, in the style of the report."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams.update(_STYLE)
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def svg(figure: Any, alt: str) -> str:
    """The figure as an SVG element; ``alt`` says in words what it shows."""
    buffer = io.StringIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # the reader's browser draws the text
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = re.sub(r'<g id="[^"]*">', "<g>", buffer.getvalue())  # a page holds several charts
    for colour, variable in _VARIABLES.items():
        text = text.replace(f": {colour}", f": {variable}")
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
