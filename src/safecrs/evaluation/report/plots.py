"""The report's pictures, drawn as SVG text that is embedded in the page."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from safecrs.evaluation.report.drawing import COLOURS, INK, pyplot, svg
from safecrs.evaluation.results import Evaluation
from safecrs.scoring.statistics import Estimate

PROTECTIONS = {"": "o", "catalog": "P", "filter": "s", "constrained": "D"}


def split_name(name: str) -> tuple[str, str]:
    """A system's policy and what protects it: "Safe-SFT + filter" → ("Safe-SFT", "filter")."""
    base, _, protection = name.partition(" + ")
    return base, protection


def tradeoff(evaluation: Evaluation) -> str:
    """Recall against violations, every system with its intervals: the upper left corner is where to be."""
    plt = pyplot()
    bases = list(dict.fromkeys(split_name(system.name)[0] for system in evaluation.systems))
    colour = {base: COLOURS[index % len(COLOURS)] for index, base in enumerate(bases)}
    figure, axes = plt.subplots(figsize=(8.6, 4.6))
    for system in evaluation.systems:
        base, protection = split_name(system.name)
        recall, svr = system.metrics["recall"], system.metrics["svr"]
        if recall.value is None or svr.value is None:
            continue
        axes.errorbar(
            100 * svr.value,
            recall.value,
            xerr=_bars(svr, 100),
            yerr=_bars(recall),
            fmt=PROTECTIONS.get(protection.partition(",")[0], "^"),
            color=colour[base],
            markerfacecolor="white" if system.label.constraints == "detected" else colour[base],
            ecolor=colour[base] + "66",
            elinewidth=1,
            markersize=7,
        )
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=colour[base], marker="o", linestyle="", label=base) for base in bases]
    handles += [
        Line2D([], [], color=INK, marker=marker, linestyle="", label=name or "as it is")
        for name, marker in PROTECTIONS.items()
    ]
    if any(system.label.constraints == "detected" for system in evaluation.systems):
        handles.append(
            Line2D(
                [], [], color=INK, marker="o", linestyle="", markerfacecolor="white", label="traits detected"
            )
        )
    axes.legend(handles=handles, loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=9)
    axes.set_xlabel(f"SVR@{evaluation.k}: recommendations that violate, %  (← better)")
    axes.set_ylabel(f"Recall@{evaluation.k}  (→ better)")
    axes.set_xlim(left=min(-0.5, axes.get_xlim()[0]))
    axes.set_ylim(bottom=0)
    alt = f"Recall@{evaluation.k} against SVR@{evaluation.k} of every system; the numbers are in the table."
    return svg(plt, figure, alt)


def by_trait(evaluation: Evaluation, names: Sequence[str]) -> str:
    """Violations by trait for a few systems; traits by how many conversations have them."""
    plt = pyplot()
    systems = [system for system in evaluation.systems if system.name in names]
    traits = [
        trait
        for trait in sorted(evaluation.trait_samples, key=lambda t: -evaluation.trait_samples[t])
        if all(trait in system.by_trait for system in systems)
    ]
    figure, axes = plt.subplots(figsize=(8.6, 0.55 + 0.36 * max(len(traits), 1)))
    height = 0.8 / max(len(systems), 1)
    for index, system in enumerate(systems):
        values = [100 * (system.by_trait[trait]["svr"].value or 0.0) for trait in traits]
        places = [position + (index - (len(systems) - 1) / 2) * height for position in range(len(traits))]
        axes.barh(places, values, height=height, color=COLOURS[(index + 3) % len(COLOURS)], label=system.name)
    labels = [f"{_short(evaluation.card.trait_names[t])} ({evaluation.trait_samples[t]})" for t in traits]
    axes.set_yticks(range(len(traits)), labels, fontsize=9)
    axes.invert_yaxis()
    axes.set_xlabel(f"SVR@{evaluation.k}, % of the recommendations (number of conversations in brackets)")
    if systems:
        axes.legend(frameon=False, fontsize=9)
    return svg(plt, figure, f"SVR@{evaluation.k} by sensitivity of {', '.join(s.name for s in systems)}.")


def curves(series: Mapping[str, Sequence[tuple[float, float]]], ylabel: str) -> str:
    """Training curves: name → (step, value) points."""
    plt = pyplot()
    figure, axes = plt.subplots(figsize=(4.2, 2.7))
    for index, (name, points) in enumerate(series.items()):
        axes.plot(*zip(*points, strict=True), color=COLOURS[(index + 3) % len(COLOURS)], label=name, lw=1.5)
    axes.set_xlabel("step")
    axes.set_ylabel(ylabel)
    if len(series) > 1:
        axes.legend(frameon=False, fontsize=8)
    return svg(plt, figure, f"{ylabel} by training step.")


def _bars(estimate: Estimate, scale: float = 1.0) -> list[list[float]] | None:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return None
    return [
        [max(0.0, scale * (estimate.value - estimate.low))],
        [max(0.0, scale * (estimate.high - estimate.value))],
    ]


def _short(name: str) -> str:
    return re.sub(r"\s*\(.*\)", "", name)
