"""``safecrs evaluate``: measure recommenders on a stored benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Seed


def evaluate(
    benchmark: Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)],
    out: Annotated[Path, typer.Option(help="The JSON file to write.", dir_okay=False)],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A trained model as NAME=FOLDER; may be given several times."),
    ] = None,
    split: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")] = None,
    seed: Seed = 0,
) -> None:
    """Measure popularity, retrieval, neighbours and your models: as they are, filtered and constrained.

    Examples:

        safecrs evaluate runs/starter --out evaluation.json

        safecrs evaluate runs/starter --model "Safe-SFT=runs/safe-sft/model" --out evaluation.json
    """
    from safecrs.benchmark import SPLITS
    from safecrs.cli.output import console, progress, say
    from safecrs.cli.tables import evaluation_table
    from safecrs.errors import SafecrsError
    from safecrs.evaluation import save_evaluation
    from safecrs.experiment.lineup import named_model
    from safecrs.experiment.measure import evaluate_folder
    from safecrs.storage import check_writable

    chosen = next((name for name in SPLITS if name == split), None)
    if chosen is None:
        raise SafecrsError(f"There is no split {split!r}: choose {', '.join(SPLITS)}.")
    check_writable(out)
    with progress() as report:
        result = evaluate_folder(
            benchmark,
            [named_model(text) for text in model or ()],
            chosen,
            limit=limit,
            seed=seed,
            report=report,
        )
    save_evaluation(result, out)
    console().print(evaluation_table(result))
    say(f"Written to {out}; `safecrs report {out}` makes a page of it.")
