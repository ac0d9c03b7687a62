"""``safecrs demo`` and ``safecrs redial``: the whole road, from data to report."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Model, PresetName, Seed, Set, command_line

if TYPE_CHECKING:
    from safecrs.experiment import Outcome

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
    from safecrs.cli.output import progress
    from safecrs.experiment import run_experiment, starter_inputs
    from safecrs.training.preset import choose_preset

    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        study = starter_inputs(BuildOptions(seed, report=report))
        told = replace(study, command=command_line())
        outcome = run_experiment(told, recipe, out, seed=seed, report=report)
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
    from safecrs.cli.output import progress
    from safecrs.experiment import redial_inputs, run_experiment
    from safecrs.training.preset import choose_preset

    recipe = choose_preset(preset, model, settings or ())
    with progress() as report:
        study = redial_inputs(
            data / "conversations" / "redial_dialogues.jsonl.gz",
            data / "catalog" / "redial_items.json.gz",
            data / "advisories" / "mpaa_rating_reasons.tsv.gz",
            BuildOptions(seed, report=report),
        )
        told = replace(study, command=command_line())
        outcome = run_experiment(told, recipe, out, seed=seed, report=report)
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
    say("Try next:")
    say(
        '  safecrs recommend "something like Big Fish, it has been a hard year since my brother\'s suicide" '
        f"--model {quote(str(outcome.model))} --oracle {quote(str(outcome.oracle))}"
    )
    say('  safecrs check "Watership Down (1978)" --trait animal_harm')
