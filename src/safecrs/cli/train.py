"""``safecrs train``: Safe-SFT and Safe-GDPO on a stored benchmark, and what surrounds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Model, PresetName, Seed, Set, command_line
from safecrs.cli.train_presets import presets, show
from safecrs.cli.train_runs import card, plot

app = typer.Typer(
    help="Train a recommender; a run that was stopped goes on when the same command is given again.",
    no_args_is_help=True,
)

BenchmarkFolder = Annotated[
    Path, typer.Argument(help="A benchmark's folder (safecrs data …).", file_okay=False)
]
Out = Annotated[Path, typer.Option(help="The run's folder.", file_okay=False)]


@app.command()
def sft(
    benchmark: BenchmarkFolder,
    out: Out,
    preset: PresetName = None,
    model: Model = None,
    settings: Set = None,
    safe: Annotated[
        bool, typer.Option("--safe/--unsafe", help="Safe-SFT, or everything people liked without safety.")
    ] = True,
    base: Annotated[
        Path | None,
        typer.Option(help="A trained model to start from, instead of the preset's.", file_okay=False),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Fine-tune on conversations; the checkpoint with the best lists in validation becomes the model.

    Examples:

        safecrs train sft runs/starter --unsafe --out runs/sft

        safecrs train sft runs/starter --base runs/sft/model --out runs/safe-sft
    """
    from dataclasses import replace

    from safecrs.cli.output import progress, say
    from safecrs.experiment.measure import stored_study
    from safecrs.experiment.models import supervise
    from safecrs.training.models import base_model
    from safecrs.training.preset import choose_preset

    recipe = choose_preset(preset, model, settings or ())
    study = replace(stored_study(benchmark), command=command_line())
    start = base or base_model(recipe.model, study.benchmark, study.oracle, out / "base", seed)
    with progress() as report:
        trained = supervise(study, recipe, start, out, report, seed, safe=safe)
    say(f"The model is in {trained}")


@app.command()
def gdpo(
    benchmark: BenchmarkFolder,
    base: Annotated[
        Path, typer.Option(help="The model to start from, as `train sft` leaves one.", file_okay=False)
    ],
    out: Out,
    preset: PresetName = None,
    settings: Set = None,
    seed: Seed = 0,
) -> None:
    """Safe-GDPO: reinforcement learning for relevance, safety and full lists.

    Example:

        safecrs train gdpo runs/starter --base runs/safe-sft/model --out runs/safe-gdpo
        --set gdpo.credit=rank
    """
    from dataclasses import replace

    from safecrs.cli.output import progress, say
    from safecrs.experiment.measure import stored_study
    from safecrs.experiment.models import reinforce
    from safecrs.training.preset import choose_preset

    adapted = (base / "adapter_config.json").is_file()
    recipe = choose_preset(preset or ("smollm2" if adapted else None), None, settings or ())
    study = replace(stored_study(benchmark), command=command_line())
    with progress() as report:
        trained = reinforce(study, recipe, base, out, report, seed)
    say(f"The model is in {trained}")


@app.command("launch-config")
def launch_config(
    name: Annotated[str | None, typer.Argument(help="Which one; without a name they are listed.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Copy it to this file, to be changed.", dir_okay=False)
    ] = None,
) -> None:
    """Print the file of a configuration for `accelerate launch`: several GPUs, sharded models, machines.

    Example:

        safecrs train launch-config ddp

    What it prints goes into `accelerate launch --config_file FILE -m safecrs train sft …`.
    """
    from safecrs.cli.output import say
    from safecrs.storage import write_text
    from safecrs.training.launch import launch_config as shipped
    from safecrs.training.launch import launch_names, launch_purpose

    if name is None:
        for each in launch_names():
            say(f"{each}: {launch_purpose(each)}")
        return
    path = shipped(name)
    if out is not None:
        write_text(out, path.read_text(encoding="utf-8"))
    say(str(out or path))


app.command()(plot)
app.command()(card)
app.command()(presets)
app.command()(show)
