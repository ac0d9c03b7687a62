"""Results as terminal tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from safecrs.evaluation.results import Evaluation
    from safecrs.evaluation.systems import Label
    from safecrs.scoring.adversarial import AdversarialScore
    from safecrs.studies.ablations import Spread

_SHOWN = ("recall", "ndcg", "svr", "unknown", "validity", "length")


def evaluation_table(evaluation: Evaluation, spreads: Sequence[Spread] = ()) -> Table:
    """One row a system, the main metrics with their intervals, and their deviation over seeds if given."""
    from rich.table import Table

    from safecrs.cli.output import shown
    from safecrs.evaluation.report import cell
    from safecrs.scoring.metrics import METRICS

    metrics = {metric.id: metric for metric in METRICS}
    by_seed = {spread.system: spread for spread in spreads}
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("system")
    for metric in _SHOWN:
        table.add_column(metrics[metric].name.format(k=evaluation.k), justify="right")
    for system in evaluation.systems:
        cells = []
        for metric in _SHOWN:
            value, interval = cell(system.metrics[metric], metric)
            if metric in ("recall", "svr") and interval:
                value += f" [dim]{interval}[/]"
            if spreads and (deviation := by_seed[system.name].deviation(metric)):
                value += f" [dim]±{deviation:{'.1%' if metrics[metric].percent else '.3f'}}[/]"
            cells.append(value)
        table.add_row(shown(system.name), *cells)
    return table


def adversarial_table(results: Sequence[tuple[Label, AdversarialScore]]) -> Table:
    """One row a system: how many cases of each kind held."""
    from rich.table import Table

    from safecrs.benchmark.adversarial import KINDS
    from safecrs.cli.output import shown

    kinds = [kind for kind in KINDS if any(score.cases.get(kind) for _, score in results)]
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("cases that held")
    for name in (*kinds, "all", "with unknown items"):
        table.add_column(name.replace("_", "-"), justify="right")
    for label, score in results:
        table.add_row(
            shown(label.name),
            *(f"{score.held[kind]}/{score.cases[kind]}" for kind in kinds),
            f"{score.share():.0%}",
            str(score.unknown),
        )
    return table
