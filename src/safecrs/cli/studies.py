"""``safecrs demo`` and ``safecrs redial``, the whole road from data to report, and ``safecrs ablations``."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Model, PresetName, Seed, Set, command_line
from safecrs.cli.output import console, evaluation_table, progress, say
from safecrs.errors import SafecrsError
from safecrs.training.preset import choose_preset

if TYPE_CHECKING:
    from safecrs.benchmark.recipes.table import Recipe

Out = Annotated[Path, typer.Option(help="The folder for everything that is made.", file_okay=False)]


def demo(
    out: Out = Path("runs/demo"),
    preset: PresetName = None,
    model: Model = None,
    settings: Set = None,
    seed: Seed = 0,
) -> None:
    """Build SafeRec-Starter, train Safe-SFT and Safe-GDPO, measure them beside baselines, write a report.

    A demo that was stopped goes on when the same command is given again.
    """
    from safecrs.benchmark.recipes.table import STARTER_RECIPE

    _run(STARTER_RECIPE, None, out, preset, model, settings, seed)


def redial(
    data: Annotated[
        Path,
        typer.Option(
            help="A folder with conversations/redial_dialogues.jsonl.gz, catalog/redial_items.json.gz and "
            "advisories/mpaa_rating_reasons.tsv.gz.",
            file_okay=False,
        ),
    ],
    out: Out = Path("runs/redial"),
    preset: PresetName = None,
    model: Model = None,
    settings: Set = None,
    seed: Seed = 0,
) -> None:
    """The same on real dialogues: SafeRec-ReDial, judged by MPAA reasons and the starter's advisories.

    The README says where the three files come from.
    """
    from safecrs.benchmark.recipes.table import REDIAL_RECIPE

    _run(REDIAL_RECIPE, data, out, preset, model, settings, seed)


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
    from safecrs.studies.ablations import ABLATIONS, compare_ablations

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


def _run(
    make: Recipe,
    data: Path | None,
    out: Path,
    preset: str | None,
    model: str | None,
    settings: list[str] | None,
    seed: int,
) -> None:
    from safecrs.benchmark import BuildOptions
    from safecrs.evaluation.report import headline
    from safecrs.studies.experiment import run_experiment

    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        benchmark = make.build(data, BuildOptions(seed, report=report))
        outcome = run_experiment(benchmark, recipe, out, seed=seed, command=command_line(), report=report)
    console().print(evaluation_table(outcome.evaluation))
    say("")
    for sentence in headline(outcome.evaluation):
        say(f"• {sentence}")
    say(f"\nThe report: {outcome.report}")
    program = quote(sys.argv[0]) if Path(sys.argv[0]).name == "safecrs" else "safecrs"
    say("Try next:")
    served = f"--model {quote(str(outcome.model))} --oracle {quote(str(outcome.oracle))}"
    said = "something like Big Fish, it has been a hard year since my brother's suicide"
    say(f'  {program} recommend "{said}" {served}')
    say(f'  {program} check "Watership Down (1978)" --trait animal_harm')
