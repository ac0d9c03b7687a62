"""``safecrs data all`` and ``safecrs data report``: every benchmark at once; what is in them, as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Seed


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
    from safecrs.cli.output import progress, say
    from safecrs.studies.benchmarks import build_all

    with progress() as report:
        built = build_all(out, data, seed=seed, overwrite=overwrite, report=report)
    for folder in built.folders:
        say(f"{folder}: {'built' if folder in built.new else 'was there'}")
    for title, missing in built.left_out.items():
        say(f"Left out: {title}; it needs {', '.join(missing)} in --data.")
    say(f"The report: {built.page}, with the same as Markdown and JSON beside it.")


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
    from safecrs.cli.output import progress, say
    from safecrs.errors import SafecrsError
    from safecrs.storage import check_writable
    from safecrs.studies.benchmark_report.report import check_suffixes, make_report

    if real_examples and not examples:
        raise SafecrsError("--real-examples says which examples to show: say how many with --examples.")
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
