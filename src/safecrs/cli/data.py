"""``safecrs data``: build, look at, report on and export benchmarks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from safecrs.cli.data_build import app as app
from safecrs.cli.options import Seed, refuse
from safecrs.cli.output import console, grid, progress, say, shown, visible
from safecrs.storage import check_writable

if TYPE_CHECKING:
    from rich.table import Table

    from safecrs.benchmark.card import Step

Folder = Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)]


@app.command()
def card(folder: Folder) -> None:
    """Show a benchmark's data card: sizes, traits, sources, what was dropped and why.

    Example:

        safecrs data card runs/starter
    """
    from rich.markdown import Markdown

    from safecrs.benchmark.store import read_card

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
    split: Annotated[
        Literal["train", "validation", "test", "all"], typer.Option(help="The samples to write.")
    ] = "all",
) -> None:
    """Write samples as JSON lines with the paper's fields.

    Example:

        safecrs data export runs/starter --split test --out test.jsonl
    """
    from safecrs.benchmark import export_jsonl, load_benchmark

    count = export_jsonl(load_benchmark(folder), out, None if split == "all" else split)
    say(f"{count:,} samples written to {out}")


@app.command("all")
def everything(
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder with advisories/, catalog/ and conversations/, as docs/benchmarks.md says.",
            file_okay=False,
        ),
    ] = None,
    out: Annotated[
        Path, typer.Option(help="The folder for everything that is made.", file_okay=False)
    ] = Path("runs/benchmarks"),
    seed: Seed = 0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Build and measure all again.")] = False,
) -> None:
    """Build every benchmark that the data allow, measure simple recommenders on each, and report on all.

    Without --data: SafeRec-Starter and SafeGame, which need nothing. What is there is not built again.

    Examples:

        safecrs data all

        safecrs data all --data DATA --out runs/benchmarks
    """
    from safecrs.studies.benchmarks import build_all

    with progress() as report:
        built = build_all(out, data, seed=seed, overwrite=overwrite, report=report)
    for folder in built.folders:
        say(f"{folder}: {'built' if folder in built.new else 'was there'}")
    for title, missing in built.left_out.items():
        say(f"Left out: {title}; it needs {', '.join(missing)} in --data.")
    say(f"The report: {built.page}, with the same as Markdown and JSON beside it.")


@app.command()
def report(
    folders: Annotated[list[Path], typer.Argument(help="Folders of benchmarks.", file_okay=False)],
    out: Annotated[
        list[Path] | None,
        typer.Option(
            help="A .html, .md or .json file to write; may be given several times. Else benchmarks.html.",
            dir_okay=False,
            show_default=False,
        ),
    ] = None,
    evaluation: Annotated[
        list[Path] | None,
        typer.Option(help="What `evaluate` wrote on one of them; shown with it.", dir_okay=False),
    ] = None,
    mpaa: Annotated[
        Path | None,
        typer.Option(help="The published MPAA reasons (.gz too), to measure their parser.", dir_okay=False),
    ] = None,
    examples: Annotated[
        int, typer.Option(min=0, help="Show so many samples of each, of template conversations only.")
    ] = 0,
    real_examples: Annotated[
        bool,
        typer.Option(
            "--real-examples", help="Let examples be the words of real people too: mind their licence."
        ),
    ] = False,
) -> None:
    """Report on benchmarks: sizes, sensitivities, filtering, coverage, leaks; and on what they rest on.

    Examples:

        safecrs data report runs/starter runs/redial --out report.html --out report.md

        safecrs data report runs/starter --evaluation evaluation.json --examples 3
    """
    from safecrs.studies.benchmark_report.report import check_suffixes, make_report

    refuse(
        (
            real_examples and not examples,
            "--real-examples says which examples to show: say how many with --examples.",
        )
    )
    targets = out or [Path("benchmarks.html")]
    check_suffixes(targets)
    for target in targets:
        check_writable(target)
    with progress() as tell:
        made = make_report(
            folders,
            evaluations=evaluation or (),
            mpaa=mpaa,
            examples=examples,
            real_examples=real_examples,
            report=tell,
        )
    made.save(*targets)
    for target in targets:
        say(f"Written to {target}")


def _funnel(steps: Iterable[Step]) -> Table:

    table = grid("step", "given", "passed on", "what became of them", right=("given", "passed on"))
    for step in steps:
        words = [f"{count:,} dropped: {reason}" for reason, count in step.dropped.items()]
        words += [f"{count:,} {how}" for how, count in step.noted.items()]
        table.add_row(shown(step.name), f"{step.given:,}", f"{step.passed:,}", "\n".join(map(shown, words)))
    return table
