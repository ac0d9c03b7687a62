"""``safecrs data``: build, look at and export benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Seed

if TYPE_CHECKING:
    from safecrs.experiment.study import Study

app = typer.Typer(help="Build, look at and export benchmarks.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="The folder to write.", file_okay=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a benchmark that is there.")]
Folder = Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)]


@app.command()
def starter(out: Out, seed: Seed = 0, overwrite: Overwrite = False) -> None:
    """Build SafeRec-Starter: MovieLens tastes in template conversations, judged by the starter oracle.

    Example:

        safecrs data starter --out runs/starter
    """
    from safecrs.benchmark.store import check_free
    from safecrs.cli.output import progress
    from safecrs.experiment import starter_inputs

    check_free(out, overwrite)
    with progress() as report:
        study = starter_inputs(seed, report)
    _save(study, out, overwrite)


@app.command()
def redial(
    out: Out,
    dialogues: Annotated[Path, typer.Option(help="ReDial dialogues, JSON lines (.gz too).", dir_okay=False)],
    items: Annotated[Path, typer.Option(help="ReDial's movie table, JSON (.gz too).", dir_okay=False)],
    mpaa: Annotated[
        Path, typer.Option(help="MPAA reasons: title, year, rating, reason (.gz too).", dir_okay=False)
    ],
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-ReDial: real dialogues, judged by MPAA reasons and the starter's advisories.

    Example:

        safecrs data redial --dialogues redial_dialogues.jsonl.gz --items redial_items.json.gz
        --mpaa mpaa_rating_reasons.tsv.gz --out runs/redial
    """
    from safecrs.benchmark.store import check_free
    from safecrs.cli.output import progress
    from safecrs.experiment import redial_inputs

    check_free(out, overwrite)
    with progress() as report:
        study = redial_inputs(dialogues, items, mpaa, seed=seed, report=report)
    _save(study, out, overwrite)


@app.command()
def card(folder: Folder) -> None:
    """Show a benchmark's data card: sizes, traits, sources, what was dropped and why."""
    from rich.markdown import Markdown

    from safecrs.benchmark.store import read_card
    from safecrs.cli.output import console

    console().print(Markdown(read_card(folder).markdown()))


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
    from safecrs.benchmark import SPLITS, export_jsonl, load_benchmark
    from safecrs.cli.output import say
    from safecrs.errors import SafecrsError

    chosen = next((name for name in SPLITS if name == split), None)
    if chosen is None and split != "all":
        raise SafecrsError(f"There is no split {split!r}: choose {', '.join(SPLITS)} or all.")
    count = export_jsonl(load_benchmark(folder), out, chosen)
    say(f"{count:,} samples written to {out}")


def _save(study: Study, out: Path, overwrite: bool) -> None:
    from safecrs.benchmark import save_benchmark
    from safecrs.cli.output import say

    save_benchmark(study.benchmark, out, overwrite=overwrite, oracle=study.oracle)
    for split, facts in study.benchmark.card.splits.items():
        say(f"{split}: {facts.samples:,} samples, {facts.constrained:,} with a sensitivity")
    say(f"Written to {out}; `safecrs data card {out}` shows what is in it.")
