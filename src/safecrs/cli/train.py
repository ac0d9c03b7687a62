"""``safecrs train``: a command for each training objective, and what surrounds runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Model, PresetName, Seed, Set, command_line, refuse
from safecrs.cli.output import progress, say
from safecrs.cli.train_runs import card, launch_config, pack, plot, presets, show
from safecrs.errors import SafecrsError
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import choose_preset

app = typer.Typer(
    help="Train a recommender; a run that was stopped, even killed, is resumed when the same command is "
    "given again.",
    no_args_is_help=True,
)

BenchmarkFolder = Annotated[
    Path, typer.Argument(help="A benchmark's folder (safecrs data …).", file_okay=False)
]
Out = Annotated[Path, typer.Option(help="The run's folder.", file_okay=False)]
Base = Annotated[
    Path | None,
    typer.Option(
        help="A trained model to start from (the folder `model` of a run), whatever model the preset names.",
        file_okay=False,
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume", help="Only resume the run in --out, begin none; it is resumed without this too."
    ),
]


def _command(name: str) -> Callable[..., None]:
    """The command of one objective."""

    def train(
        benchmark: BenchmarkFolder,
        out: Out,
        base: Base = None,
        preset: PresetName = None,
        model: Model = None,
        settings: Set = None,
        seed: Seed = 0,
        resume: Resume = False,
    ) -> None:
        _train(name, benchmark, out, base, preset, model, settings, seed, resume)

    objective = OBJECTIVES[name]
    base = " --base runs/safe-sft/model" if objective.continues else ""
    train.__doc__ = (
        f"{objective.summary[0].upper()}{objective.summary[1:]}.\n\n"
        f"Example:\n\n    safecrs train {name} runs/starter{base} --out runs/{name}"
    )
    return train


def sft(
    benchmark: BenchmarkFolder,
    out: Out,
    base: Base = None,
    preset: PresetName = None,
    model: Model = None,
    settings: Set = None,
    safe: Annotated[
        bool, typer.Option("--safe/--unsafe", help="Safe-SFT, or everything people liked without safety.")
    ] = True,
    seed: Seed = 0,
    resume: Resume = False,
) -> None:
    """Supervised fine-tuning: Safe-SFT (as `train safe-sft`) or, with --unsafe, without safety.

    Examples:

        safecrs train sft runs/starter --unsafe --out runs/sft

        safecrs train sft runs/starter --base runs/sft/model --out runs/safe-sft
    """
    _train("safe-sft" if safe else "sft", benchmark, out, base, preset, model, settings, seed, resume)


def _train(
    name: str,
    benchmark: Path,
    out: Path,
    base: Path | None,
    preset: str | None,
    model: str | None,
    settings: list[str] | None,
    seed: int,
    resume: bool,
) -> None:
    from safecrs.benchmark import load_benchmark
    from safecrs.training.runs.manifest import MANIFEST
    from safecrs.training.train import train

    refuse(
        (
            resume and not (out / MANIFEST).is_file(),
            f"{out} holds no run to resume: leave --resume out to begin one.",
        ),
        (
            OBJECTIVES[name].continues and base is None,
            f"{OBJECTIVES[name].name} starts from a trained model: name its folder with --base.",
        ),
    )
    recipe = choose_preset(
        preset or (_fitting(base) if base and model is None else None), model, settings or ()
    )
    if name == "safe-sft" and base is None and recipe.safe_sft_from == "sft":
        say(
            "Note: by this preset Safe-SFT starts from a model trained without safety (`train sft --unsafe`),"
            " and this run from the untrained one: give a model with --base, or --set safe_sft_from=base."
        )
    data = load_benchmark(benchmark)
    with progress() as report:
        trained = train(name, data, recipe, base, out, seed, command=command_line(), report=report)
    say(f"The model is in {trained}")


def _fitting(base: Path) -> str:
    """The preset for the model in ``base``: lengths and steps of a tiny one would spoil any other."""
    from safecrs.training.runs.manifest import describe

    if not base.is_dir():
        raise SafecrsError(f"{base} does not exist: give the folder `model` of a finished run.")
    if (base / "adapter_config.json").is_file():
        return "smollm2"
    if describe(base).base.made_here:
        return "tiny"
    raise SafecrsError(
        f"No preset is known to fit the model in {base}: name one of `safecrs train presets`, or a TOML file "
        "of your own, with --preset."
    )


for _name in OBJECTIVES:
    app.command(_name)(sft if _name == "sft" else _command(_name))
app.command("gdpo", short_help="Short for safe-gdpo.")(_command("safe-gdpo"))
app.command("launch-config")(launch_config)
app.command()(plot)
app.command()(card)
app.command()(pack)
app.command()(presets)
app.command()(show)
