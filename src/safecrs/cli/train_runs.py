"""What surrounds training: presets, launch configurations, learning curves, model cards, small copies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Model, Set
from safecrs.cli.output import console, grid, say, shown
from safecrs.storage import write_text
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Objective
from safecrs.training.preset import Preset, choose_preset, load_preset, preset_names, to_toml

RunFolder = Annotated[Path, typer.Argument(help="A run's folder.", file_okay=False)]


def launch_config(
    name: Annotated[str | None, typer.Argument(help="Which one; without a name they are listed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Copy it to this file, to be changed.", dir_okay=False)
    ] = None,
) -> None:
    """Print the path of a configuration for `accelerate launch`: several GPUs, sharded models, machines.

    Example:

        safecrs train launch-config multi_gpu

    The path goes into `accelerate launch --config_file PATH -m safecrs train sft …`.
    """
    from safecrs.training.runs import launch

    if name is None:
        for each, purpose in launch.PURPOSES.items():
            say(f"{each}: {purpose}")
        return
    path = launch.launch_config(name)
    if out is not None:
        write_text(out, path.read_text(encoding="utf-8"))
    say(str(out or path))


def plot(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of runs, drawn into the same panels.", file_okay=False),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="A .png, .svg or .html file; curves.png in the first run by default.", dir_okay=False
        ),
    ] = None,
) -> None:
    """Draw learning curves: loss, rewards, validation with the chosen checkpoint, list length, KL.

    Runs may be finished, stopped or running.

    Examples:

        safecrs train plot runs/safe-sft

        safecrs train plot runs/demo/safe-sft runs/demo/safe-gdpo --out curves.svg
    """
    from safecrs.training.runs.plot import plot_runs

    target = out or runs[0] / "curves.png"
    plot_runs(runs, target)
    say(f"The curves are in {target}")


def card(
    run: RunFolder,
    results: Annotated[
        Path | None,
        typer.Option(help="An evaluation (safecrs evaluate --out) to be added to the card.", dir_okay=False),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="The model's name in it; its objective's by default.", show_default=False),
    ] = None,
) -> None:
    """Write a model's card anew: data, method, metrics with intervals, limits, licences.

    Example:

        safecrs train card runs/safe-gdpo --results evaluation.json --name Safe-GDPO
    """
    from safecrs.evaluation.results import load_evaluation
    from safecrs.studies.cards import write_model_card

    written = write_model_card(run, load_evaluation(results) if results else None, name)
    say(f"The card is in {written}")


def pack(
    run: RunFolder,
    out: Annotated[Path, typer.Option(help="The folder to write.", file_okay=False)],
) -> None:
    """Write a copy of a run's adapters in half the size (bfloat16), to be passed on.

    Example:

        safecrs train pack runs/safe-gdpo --out adapters
    """
    from safecrs.training.models.adapters import pack_adapter

    pack_adapter(run / "model", out)
    say(f"The adapters are in {out}; the card beside them lists the licences to respect.")


def presets() -> None:
    """List the presets."""

    table = grid("preset", "model", "trained", "objectives", "rewards", "checkpoint")
    for name in preset_names():
        cells = (name, *_row(load_preset(name)))
        table.add_row(*("\n".join(map(shown, cell.split("\n"))) for cell in cells))
    console().print(table)
    say(
        "\nAn objective has steps or epochs × batch, then the learning rate. `safecrs train show PRESET` "
        "prints\nall of one; --preset FILE.toml takes your own."
    )


def show(
    preset: Annotated[
        str, typer.Argument(help="One of `safecrs train presets`, or a TOML file of your own.")
    ] = "tiny",
    model: Model = None,
    settings: Set = None,
) -> None:
    """Print a preset as it is used: its file, your changes, and safecrs's defaults for the rest.

    The tables [sft], [safe_sft], [dpo] and [rl] go to TRL: what they do not name has TRL's own default, which
    `run.json` in a run's folder records.

    Example:

        safecrs train show tiny --set rl.max_steps=200
    """

    recipe = choose_preset(preset, model, settings or ())
    say(to_toml(recipe.model_dump(mode="json")).rstrip())


def _row(recipe: Preset) -> tuple[str, ...]:
    lora, gdpo, selection = recipe.model.lora, recipe.gdpo, recipe.selection
    stages = (f"{one.name}: {_stage(recipe, one)}" for one in OBJECTIVES.values())
    return (
        recipe.model.name,
        f"LoRA, rank {lora.r}" if lora else "all weights",
        "\n".join(stages),
        ", ".join(f"{name} {weight:g}" for name, weight in gdpo.rewards.weights.items()),
        f"best, SVR ≤ {selection.svr_ceiling:.0%}" if selection.samples else "last",
    )


def _stage(recipe: Preset, objective: Objective) -> str:
    """Length, batch and learning rate of an objective, as far as the preset says."""
    settings = objective.settings(recipe)
    batch = settings.get("per_device_train_batch_size", 8) * settings.get("gradient_accumulation_steps", 1)
    length = (
        f"{settings['max_steps']} steps"
        if "max_steps" in settings
        else f"{settings.get('num_train_epochs', 3):g} epochs"
    )
    rate = f", {settings['learning_rate']:g}" if "learning_rate" in settings else ""
    return f"{length} × {batch}{rate}"
