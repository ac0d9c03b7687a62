"""``safecrs train presets`` and ``train show``: which recipes there are, and what is in one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from safecrs.cli.options import Model, Set

if TYPE_CHECKING:
    from safecrs.training.preset import Preset


def presets() -> None:
    """List the presets."""
    from rich.table import Table

    from safecrs.cli.output import console, say, shown
    from safecrs.training.preset import load_preset, preset_names

    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("preset")
    for column in ("model", "trained", "Safe-SFT", "Safe-GDPO", "rewards", "checkpoint"):
        table.add_column(column)
    for name in preset_names():
        table.add_row(*(shown(cell) for cell in (name, *_row(load_preset(name)))))
    console().print(table)
    say(
        "\nA stage is steps or epochs × batch, then the learning rate. `safecrs train show PRESET` prints all"
    )
    say("of one; --preset FILE.toml takes your own.")


def show(
    preset: Annotated[
        str, typer.Argument(help="One of `safecrs train presets`, or a TOML file of your own.")
    ] = "tiny",
    model: Model = None,
    settings: Set = None,
) -> None:
    """Print a preset as it is used: its file, your changes, and our defaults for the rest.

    The tables [sft], [safe_sft] and [rl] go to TRL: what they do not name has TRL's own default, which
    `resolved.json` in a run's folder tells.

    Example:

        safecrs train show tiny --set rl.max_steps=200
    """
    from safecrs.cli.output import say
    from safecrs.training.preset import choose_preset
    from safecrs.training.toml_text import to_toml

    recipe = choose_preset(preset, model, settings or ())
    say(to_toml(recipe.model_dump(mode="json")).rstrip())


def _row(recipe: Preset) -> tuple[str, ...]:
    model, gdpo, selection = recipe.model, recipe.gdpo, recipe.selection
    rewards = ", ".join(f"{name} {weight:g}" for name, weight in gdpo.rewards.weights.items())
    return (
        model.name,
        f"LoRA, rank {model.lora.r}" if model.lora else "all weights",
        _stage(recipe.sft | recipe.safe_sft),
        f"{gdpo.aggregation} by {gdpo.credit}, {_stage(recipe.rl)}",
        rewards,
        f"best, SVR ≤ {selection.svr_ceiling:.0%}" if selection.samples else "last",
    )


def _stage(settings: dict[str, Any]) -> str:
    """Length, batch and step of a stage, as far as the preset tells."""
    batch = settings.get("per_device_train_batch_size", 8) * settings.get("gradient_accumulation_steps", 1)
    length = (
        f"{settings['max_steps']} steps"
        if "max_steps" in settings
        else f"{settings.get('num_train_epochs', 3):g} epochs"
    )
    rate = f", {settings['learning_rate']:g}" if "learning_rate" in settings else ""
    return f"{length} × {batch}{rate}"
