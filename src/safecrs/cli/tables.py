"""Results as terminal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from safecrs.evaluation import Evaluation

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
