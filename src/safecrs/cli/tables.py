"""Results as terminal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from safecrs.evaluation import Challenged, Evaluation

_SHOWN = ("recall", "ndcg", "svr", "unknown", "validity", "length")


def evaluation_table(evaluation: Evaluation) -> Table:
    """One row a system, the main metrics with their intervals."""
    from rich.markup import escape
    from rich.table import Table

    from safecrs.evaluation.metrics import METRICS
    from safecrs.evaluation.report import interval, number

    names = {metric.id: metric.name.format(k=evaluation.k) for metric in METRICS}
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("system")
    for metric in _SHOWN:
        table.add_column(names[metric], justify="right")
    for system in evaluation.systems:
        cells = []
        for metric in _SHOWN:
            estimate = system.metrics[metric]
            between = interval(estimate, metric)
            cells.append(
                number(estimate, metric)
                + (f" [dim]{between}[/]" if between and metric in ("recall", "svr") else "")
            )
        table.add_row(escape(system.name), *cells)
    return table


def adversarial_table(results: Sequence[Challenged]) -> Table:
    """One row a system: how many cases of each kind held."""
    from rich.markup import escape
    from rich.table import Table

    from safecrs.benchmark.adversarial import KINDS

    kinds = [kind for kind in KINDS if any(result.score.cases.get(kind) for result in results)]
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("cases that held")
    for name in (*kinds, "all", "with unknown items"):
        table.add_column(name.replace("_", "-"), justify="right")
    for result in results:
        score = result.score
        table.add_row(
            escape(result.system.name),
            *(f"{score.held[kind]}/{score.cases[kind]}" for kind in kinds),
            f"{score.share():.0%}",
            str(score.unknown),
        )
    return table
