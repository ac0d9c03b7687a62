"""``safecrs train``: Safe-SFT and Safe-GDPO on a stored benchmark, and what surrounds them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Model, PresetName, Seed, Set, command_line
from safecrs.cli.train_presets import presets, show
from safecrs.cli.train_runs import card, pack, plot
from safecrs.errors import SafecrsError

app = typer.Typer(
    help="Train a recommender; a run that was stopped, even killed, goes on when the same command is given "
    "again.",
    no_args_is_help=True,
)

BenchmarkFolder = Annotated[
    Path, typer.Argument(help="A benchmark's folder (safecrs data …).", file_okay=False)
]
Out = Annotated[Path, typer.Option(help="The run's folder.", file_okay=False)]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Begin no new run, only go on with the one in --out; it goes on without this too.",
    ),
]


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
        typer.Option(
            help="A trained model to start from; without it the preset's untrained one, also where its"
            " safe_sft_from says that Safe-SFT starts from a model trained without safety.",
            file_okay=False,
        ),
    ] = None,
    seed: Seed = 0,
    resume: Resume = False,
) -> None:
    """Fine-tune on conversations. A run that was stopped goes on when the same command is given again.

    The table [selection] of the preset says which checkpoint becomes the model: the one with the best lists
    in validation or, as in the tiny preset, the last.

    Examples:

        safecrs train sft runs/starter --unsafe --out runs/sft

        safecrs train sft runs/starter --base runs/sft/model --out runs/safe-sft
    """
    from safecrs.benchmark import load_benchmark
    from safecrs.cli.output import progress, say
    from safecrs.training.models.base import base_model
    from safecrs.training.preset import choose_preset
    from safecrs.training.stages import supervise

    _check_resume(resume, out)
    recipe = choose_preset(preset, model, settings or ())
    if safe and base is None and recipe.safe_sft_from == "sft":
        say(
            "Note: by this preset Safe-SFT starts from a model trained without safety (`train sft --unsafe`),"
            " and this run from the untrained one: give a model with --base, or --set safe_sft_from=base."
        )
    data = load_benchmark(benchmark)
    start = base or base_model(recipe.model, data, data.oracle, out / "base", seed)
    with progress() as report:
        trained = supervise(data, recipe, start, out, report, seed, safe=safe, command=command_line())
    say(f"The model is in {trained}")


@app.command()
def gdpo(
    benchmark: BenchmarkFolder,
    base: Annotated[
        Path, typer.Option(help="The model to start from, as `train sft` leaves one.", file_okay=False)
    ],
    out: Out,
    preset: Annotated[
        str | None,
        typer.Option(
            "--preset",
            help="One of `safecrs train presets`, or a TOML file of your own; by default tiny or, for"
            " adapters, smollm2, whichever --base is.",
        ),
    ] = None,
    settings: Set = None,
    seed: Seed = 0,
    resume: Resume = False,
) -> None:
    """Safe-GDPO: reinforcement learning for relevance, safety and full lists.

    The model is that of --base, whatever the preset names. A run that was stopped goes on when the same
    command is given again.

    Example:

        safecrs train gdpo runs/starter --base runs/safe-sft/model --out runs/safe-gdpo
        --set gdpo.credit=rank
    """
    from safecrs.benchmark import load_benchmark
    from safecrs.cli.output import progress, say
    from safecrs.training.preset import choose_preset
    from safecrs.training.stages import reinforce

    _check_resume(resume, out)
    recipe = choose_preset(preset or _fitting(base), None, settings or ())
    data = load_benchmark(benchmark)
    with progress() as report:
        trained = reinforce(data, recipe, base, out, report, seed, command=command_line())
    say(f"The model is in {trained}")


def _check_resume(resume: bool, out: Path) -> None:
    """Make sure that there is a run to go on with, where that was asked for."""
    from safecrs.training.runs.record import RECORD

    if resume and not (out / RECORD).is_file():
        raise SafecrsError(f"{out} holds no run to go on with: leave --resume out to begin one.")


def _fitting(base: Path) -> str:
    """The preset for the model in ``base``: lengths and step of a tiny one would spoil any other."""
    from safecrs.training.runs.about import describe

    if not base.is_dir():
        raise SafecrsError(f"{base} does not exist: give the folder `model` of a finished run.")
    if (base / "adapter_config.json").is_file():
        return "smollm2"
    if describe(base).base.made_here:
        return "tiny"
    raise SafecrsError(
        f"No preset is known to fit the model in {base}: name one of `safecrs train presets`, or a TOML file"
        " of your own, with --preset."
    )


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
    from safecrs.training.runs.launch import launch_config as shipped
    from safecrs.training.runs.launch import launch_names, launch_purpose

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
app.command()(pack)
app.command()(presets)
app.command()(show)
