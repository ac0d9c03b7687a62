"""The charts of an evaluation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from safecrs.evaluation.report.drawing import COLOURS, INK, PAGE, Point, dots, subplots, svg
from safecrs.evaluation.results import Evaluation
from safecrs.scoring.statistics import Estimate

PROTECTIONS = {"": "o", "catalog": "P", "filter": "s", "constrained": "D"}


def tradeoff(evaluation: Evaluation) -> str:
    """Recall against violations, every system with its intervals; the upper left corner is best."""
    from matplotlib.lines import Line2D

    bases = dict.fromkeys(system.label.ranker for system in evaluation.systems)
    colour = {base: COLOURS[index % len(COLOURS)] for index, base in enumerate(bases)}
    figure, axes = subplots(4.9, 4.6)
    for system in evaluation.systems:
        base, protection = system.label.ranker, system.label.protection
        recall, svr = _point(system.metrics["recall"]), _point(system.metrics["svr"], 100)
        if recall is None or svr is None:
            continue
        axes.errorbar(
            svr[0],
            recall[0],
            xerr=[[max(0.0, svr[0] - svr[1])], [max(0.0, svr[2] - svr[0])]],
            yerr=[[max(0.0, recall[0] - recall[1])], [max(0.0, recall[2] - recall[0])]],
            fmt=PROTECTIONS.get(protection.partition(",")[0], "^"),
            color=colour[base],
            markerfacecolor=PAGE if system.label.constraints == "detected" else colour[base],
            ecolor=colour[base] + "66",
            elinewidth=1,
            markersize=7,
        )
    shown = [(base, "o", value, value) for base, value in colour.items()]
    shown += [(name or "as it is", marker, INK, INK) for name, marker in PROTECTIONS.items()]
    if any(system.label.constraints == "detected" for system in evaluation.systems):
        shown.append(("traits detected", "o", INK, PAGE))
    handles = [
        Line2D([], [], color=ink, marker=marker, linestyle="", markerfacecolor=face, label=label)
        for label, marker, ink, face in shown
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    axes.set_xlabel(f"SVR@{evaluation.k}: recommendations that violate, %  (← better)")
    axes.set_ylabel(f"Recall@{evaluation.k}  (→ better)")
    axes.set_xlim(left=min(-0.5, axes.get_xlim()[0]))
    axes.set_ylim(bottom=0)
    alt = f"Recall@{evaluation.k} against SVR@{evaluation.k} of every system; the numbers are in the table."
    return svg(figure, alt)


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
        {name: [_point(held[trait]["svr"], 100) for trait in traits] for name, held in systems.items()},
        f"SVR@{evaluation.k}, % (conversations in brackets)",
        f"SVR@{evaluation.k} by sensitivity of {', '.join(systems)}.",
    )


def short(name: str) -> str:
    """A trait's name without what it says in brackets."""
    return re.sub(r"\s*\(.*\)", "", name)


def _point(estimate: Estimate, scale: float = 1.0) -> Point:
    value, low, high = estimate.value, estimate.low, estimate.high
    if value is None:
        return None
    return scale * value, scale * (value if low is None else low), scale * (value if high is None else high)
