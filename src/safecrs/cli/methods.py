"""``safecrs methods``: ways to train compared, over several seeds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Model, PresetName, Set, command_line

if TYPE_CHECKING:
    from rich.table import Table

    from safecrs.experiment import MethodsResult

_SHOWN = ("recall", "ndcg", "svr", "unknown", "length")


def methods(
    out: Annotated[Path, typer.Option(help="The folder for all runs and results.", file_okay=False)] = Path(
        "runs/methods"
    ),
    benchmark: Annotated[
        Path | None,
        typer.Option(help="A benchmark's folder; SafeRec-Starter by default.", file_okay=False),
    ] = None,
    preset: PresetName = None,
    model: Model = None,
    settings: Set = None,
    seeds: Annotated[int, typer.Option(help="Train with so many seeds: 0, 1, 2….", min=1)] = 3,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this method (may be given several times).")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Only so many test conversations, the first ones.", min=1)
    ] = None,
) -> None:
    """Compare ways of training from one start: no safety, Safe-SFT, Safe-GDPO and its variants.

    A comparison that was stopped goes on when the same command is given again.

    Examples:

        safecrs methods --seeds 3 --out runs/methods

        safecrs methods --benchmark runs/redial/benchmark --only "Safe-GDPO" --only "Safe-GRPO"
    """
    from safecrs.benchmark import BuildOptions
    from safecrs.cli.output import console, progress, say
    from safecrs.errors import SafecrsError
    from safecrs.experiment import METHODS, compare_methods, starter_inputs, stored_study
    from safecrs.training.preset import choose_preset

    chosen = [method for method in METHODS if not only or method.name in only]
    for name in set(only or ()) - {method.name for method in METHODS}:
        known = ", ".join(method.name for method in METHODS)
        raise SafecrsError(f"There is no method {name!r}; choose among {known}.")
    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        study = stored_study(benchmark) if benchmark else starter_inputs(BuildOptions(report=report))
        told = replace(study, command=command_line())
        result = compare_methods(
            told, recipe, out, seeds=range(seeds), methods=chosen, limit=limit, report=report
        )
    console().print(_table(result))
    say("")
    for method in chosen:
        say(f"{method.name}: {method.what}.")
    say(f"\nThe numbers: {out / 'methods.json'}; draw the curves with `safecrs train plot`.")


def _table(result: MethodsResult) -> Table:
    """One row a system: estimate, interval over people, deviation over seeds."""
    from rich.markup import escape
    from rich.table import Table

    from safecrs.evaluation.metrics import METRICS
    from safecrs.evaluation.report import interval, number

    metrics = {metric.id: metric for metric in METRICS}
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(f"system ({len(result.seeds)} seeds)")
    for name in _SHOWN:
        table.add_column(metrics[name].name.format(k=result.evaluation.k), justify="right")
    for system, spread in zip(result.evaluation.systems, result.spread, strict=True):
        cells = []
        for name in _SHOWN:
            estimate, deviation = system.metrics[name], spread.deviation(name)
            text = number(estimate, name)
            if name in ("recall", "svr"):
                text += f" [dim]{interval(estimate, name)}[/]"
            if deviation:
                scale = f"{deviation:.1%}" if metrics[name].percent else f"{deviation:.3f}"
                text += f" [dim]±{scale}[/]"
            cells.append(text)
        table.add_row(escape(system.name), *cells)
    return table
