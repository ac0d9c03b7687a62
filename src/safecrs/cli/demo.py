"""``safecrs demo`` and ``safecrs redial``: the whole road, from data to report."""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Model, PresetName, Seed, Set, command_line

if TYPE_CHECKING:
    from safecrs.studies.experiment import Outcome

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
    from safecrs.benchmark import BuildOptions
    from safecrs.benchmark.recipes.table import STARTER_RECIPE
    from safecrs.cli.output import progress
    from safecrs.studies.experiment import run_experiment
    from safecrs.training.preset import choose_preset

    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        benchmark = STARTER_RECIPE.build(None, BuildOptions(seed, report=report))
        outcome = run_experiment(benchmark, recipe, out, seed=seed, command=command_line(), report=report)
    _tell(outcome)


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
    from safecrs.benchmark import BuildOptions
    from safecrs.benchmark.recipes.table import REDIAL_RECIPE
    from safecrs.cli.output import progress
    from safecrs.studies.experiment import run_experiment
    from safecrs.training.preset import choose_preset

    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        benchmark = REDIAL_RECIPE.build(data, BuildOptions(seed, report=report))
        outcome = run_experiment(benchmark, recipe, out, seed=seed, command=command_line(), report=report)
    _tell(outcome)


def _tell(outcome: Outcome) -> None:
    from safecrs.cli.output import console, say
    from safecrs.cli.tables import evaluation_table
    from safecrs.evaluation.report import headline

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
