"""The charts of an evaluation."""

from __future__ import annotations

import re
from collections.abc import Sequence

from safecrs.evaluation.report.drawing import COLOURS, INK, PAGE, bars, dots, point, subplots, svg
from safecrs.evaluation.results import Evaluation

PROTECTIONS = {"": "o", "catalog": "P", "filter": "s", "constrained": "D"}


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
