"""``safecrs train plot`` and ``train card``: what runs on disk tell."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

RunFolder = Annotated[Path, typer.Argument(help="A run's folder.", file_okay=False)]


def plot(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of runs; several are drawn over each other.", file_okay=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .png, .svg or .html file; curves.png in the first run by default.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Draw learning curves: loss, rewards, validation with the chosen checkpoint, list length, KL.

    Runs may be finished, killed or still going on.

    Examples:

        safecrs train plot runs/safe-sft

        safecrs train plot runs/demo/safe-sft runs/demo/safe-gdpo --out curves.svg
    """
    from safecrs.cli.output import say
    from safecrs.training.runs.plot import plot_runs

    target = out or runs[0] / "curves.png"
    plot_runs(runs, target)
    say(f"The curves are in {target}")


def card(
    run: RunFolder,
    results: Annotated[
        Path | None,
        typer.Option(help="What `safecrs evaluate` wrote, to be added to the card.", dir_okay=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="The model's name in there; that of its stage by default.", show_default=False),
    ] = None,
) -> None:
    """Write a model's card anew: data, method, metrics with intervals, limits, licences.

    Example:

        safecrs train card runs/safe-gdpo --results evaluation.json --name Safe-GDPO
    """
    from safecrs.cli.output import say
    from safecrs.evaluation.results import load_evaluation
    from safecrs.studies.cards import write_model_card

    written = write_model_card(run, load_evaluation(results) if results else None, name)
    say(f"The card is in {written}")


def pack(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="The folder to write.", file_okay=False)],
) -> None:
    """Write a copy of a run's adapters in half the size, to be passed on.

    Example:

        safecrs train pack runs/safe-gdpo --out adapters
    """
    from safecrs.cli.output import say
    from safecrs.training.models.pack import pack_adapter

    pack_adapter(run / "model", out)
    say(f"The adapters are in {out}; the card in there says what passing them on asks for.")
