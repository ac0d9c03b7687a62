"""``safecrs report``: results as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import check_target


def report(
    evaluations: Annotated[list[Path], typer.Argument(help="What `evaluate` wrote.", dir_okay=False)],
    out: Annotated[Path, typer.Option(help="The HTML file to write.", dir_okay=False)] = Path("report.html"),
) -> None:
    """Make one self-contained HTML page of one or more evaluations.

    Example:

        safecrs report evaluation.json --out report.html
    """
    from safecrs.cli.output import say
    from safecrs.evaluation.report import Chapter, write_report
    from safecrs.evaluation.results import load_evaluation

    check_target(out, evaluations)
    chapters = []
    for path in evaluations:
        result = load_evaluation(path)
        chapters.append(Chapter(result.card.name, "", result))
    write_report(chapters, out)
    say(f"Written to {out}")
