"""``safecrs ablations``: ways to train compared, over several seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Model, PresetName, Set, command_line


def ablations(
    out: Annotated[Path, typer.Option(help="The folder for all runs and results.", file_okay=False)] = Path(
        "runs/ablations"
    ),
    benchmark: Annotated[
        Path | None,
        typer.Option(help="A benchmark's folder; SafeRec-Starter by default.", file_okay=False),
    ] = None,
    test: Annotated[
        Path | None,
        typer.Option(
            help="A benchmark's folder to measure on instead; training stays the same.",
            file_okay=False,
        ),
    ] = None,
    preset: PresetName = None,
    model: Model = None,
    settings: Set = None,
    seeds: Annotated[int, typer.Option(help="Number of seeds: 0, 1, 2….", min=1)] = 3,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            help="Only this ablation, by its exact name in quotation marks; may be given several times.",
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(help="Number of test conversations, the first ones.", min=1)
    ] = None,
) -> None:
    """Compare ways of training from one start: no safety, Safe-SFT, DPO, Safe-GDPO and its variants.

    A comparison that was stopped is resumed when the same command is given again. With the tiny preset and
    three seeds it takes about an hour on two cores.

    Examples:

        safecrs ablations --seeds 3 --out runs/ablations

        safecrs ablations --benchmark runs/redial/benchmark --only "Safe-GDPO" --only "Safe-GRPO"

        safecrs ablations --benchmark runs/redial/benchmark --test runs/starter --seeds 3
    """
    from safecrs.benchmark import BuildOptions, build_starter, load_benchmark
    from safecrs.cli.output import console, progress, say
    from safecrs.cli.tables import evaluation_table
    from safecrs.errors import SafecrsError
    from safecrs.studies.ablations import ABLATIONS, compare_ablations
    from safecrs.training.preset import choose_preset

    chosen = [ablation for ablation in ABLATIONS if not only or ablation.name in only]
    for name in set(only or ()) - {ablation.name for ablation in ABLATIONS}:
        known = ", ".join(f"“{ablation.name}”" for ablation in ABLATIONS)  # some names hold a comma
        raise SafecrsError(f"There is no ablation “{name}”; choose among {known}.")
    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        trained_on = (
            load_benchmark(benchmark) if benchmark else build_starter(options=BuildOptions(report=report))
        )
        result = compare_ablations(
            trained_on,
            recipe,
            out,
            test=load_benchmark(test) if test else None,
            seeds=range(seeds),
            ablations=chosen,
            limit=limit,
            command=command_line(),
            report=report,
        )
    console().print(evaluation_table(result.evaluation, result.spread))
    say(f"\n± is the standard deviation over {seeds} seeds.\n" if seeds > 1 else "")
    for ablation in chosen:
        say(f"{ablation.name}: {ablation.what}.")
    say(f"\nThe numbers are in {out}; draw the curves with `safecrs train plot`.")
