"""``safecrs train presets`` and ``train show``: which recipes there are, and what is in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Model, Set
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Objective

if TYPE_CHECKING:
    from safecrs.training.preset import Preset


def presets() -> None:
    """List the presets."""
    from rich.table import Table

    from safecrs.cli.output import console, say, shown
    from safecrs.training.preset import load_preset, preset_names

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("preset", "model", "trained", "objectives", "rewards", "checkpoint"):
        table.add_column(column)
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
    from safecrs.cli.output import say
    from safecrs.training.preset import choose_preset, to_toml

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
