"""``safecrs data``: build, look at and export benchmarks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli import data_build
from safecrs.cli.options import split_named

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.table import Table

    from safecrs.benchmark.card import Step

app = typer.Typer(help="Build, look at and export benchmarks.", no_args_is_help=True)
for command in (
    data_build.starter,
    data_build.movielens,
    data_build.redial,
    data_build.inspired,
    data_build.reddit,
    data_build.released,
    data_build.game,
):
    app.command()(command)

Folder = Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)]


@app.command()
def card(folder: Folder) -> None:
    """Show a benchmark's data card: sizes, traits, sources, what was dropped and why.

    Example:

        safecrs data card runs/starter
    """
    from rich.markdown import Markdown

    from safecrs.benchmark.store import read_card
    from safecrs.cli.output import console, visible

    lines = read_card(folder).markdown().split("\n")
    console().print(Markdown("\n".join(map(visible, lines))))


@app.command()
def steps(
    folder: Folder,
    name: Annotated[
        str | None, typer.Option("--id", help="Follow this dialogue through the steps that were kept.")
    ] = None,
) -> None:
    """Show what each step of a build was given, passed on and dropped; with --id, what it made of a dialogue.

    The latter is one JSON object a step. A benchmark that was built with --keep-steps holds every step's
    outcome in its folder `steps`.

    Examples:

        safecrs data steps runs/starter

        safecrs data steps runs/starter --id movielens:2:1
    """
    from safecrs.benchmark.steps import read_steps
    from safecrs.benchmark.store import read_card
    from safecrs.cli.output import console, say

    funnel = read_card(folder).funnel()
    if name is None:
        console().print(_funnel(funnel))
        return
    for step, row in read_steps(folder, name):
        say(json.dumps({"step": step, **row}, ensure_ascii=False))


@app.command()
def export(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="The JSON-lines file to write.", dir_okay=False)],
    split: Annotated[str, typer.Option(help="train, validation, test or all.")] = "all",
) -> None:
    """Write samples as JSON lines with the paper's fields.

    Example:

        safecrs data export runs/starter --split test --out test.jsonl
    """
    from safecrs.benchmark import export_jsonl, load_benchmark
    from safecrs.cli.output import say

    chosen = None if split == "all" else split_named(split, "all")
    count = export_jsonl(load_benchmark(folder), out, chosen)
    say(f"{count:,} samples written to {out}")


def _funnel(steps: Iterable[Step]) -> Table:
    from rich.table import Table

    from safecrs.cli.output import shown

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("step", "given", "passed on", "what became of them"):
        table.add_column(column, justify="left" if column.startswith(("step", "what")) else "right")
    for step in steps:
        words = [f"{count:,} dropped: {reason}" for reason, count in step.dropped.items()]
        words += [f"{count:,} {how}" for how, count in step.noted.items()]
        table.add_row(shown(step.name), f"{step.given:,}", f"{step.passed:,}", "\n".join(map(shown, words)))
    return table
