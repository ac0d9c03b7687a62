"""``safecrs train``: Safe-SFT and Safe-GDPO on a stored benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import Seed

app = typer.Typer(
    help="Train a recommender; a run that was stopped goes on when the same command is given again.",
    no_args_is_help=True,
)

BenchmarkFolder = Annotated[
    Path, typer.Argument(help="A benchmark's folder (safecrs data …).", file_okay=False)
]
Out = Annotated[Path, typer.Option(help="The run's folder.", file_okay=False)]
PresetName = Annotated[
    str | None,
    typer.Option("--preset", help="tiny, smollm2, or a TOML file of your own; by default the model's."),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a setting of the preset: sft.learning_rate=1e-4")
]
Model = Annotated[
    str | None, typer.Option("--model", help="tiny, smollm2 or a model folder, instead of the preset's.")
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
        typer.Option(help="A trained model to start from, instead of the preset's.", file_okay=False),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Fine-tune on conversations.

    Examples:

        safecrs train sft runs/starter --unsafe --out runs/sft

        safecrs train sft runs/starter --base runs/sft/model --out runs/safe-sft
    """
    from safecrs.benchmark import load_benchmark
    from safecrs.benchmark.store import ORACLE
    from safecrs.cli.output import progress, say
    from safecrs.oracle import Oracle
    from safecrs.training.models import base_model
    from safecrs.training.preset import choose_preset
    from safecrs.training.sft import by_popularity, train_sft

    recipe = choose_preset(preset, model, settings or ())
    held = load_benchmark(benchmark)
    oracle = Oracle.load(benchmark / ORACLE)
    samples = held.split("train")
    with progress() as report:
        trained = train_sft(
            out,
            base or base_model(recipe.model, held, oracle, out / "base", seed),
            by_popularity(samples, held.tastes) if recipe.order == "popularity" else samples,
            recipe.sft | (recipe.safe_sft if safe else {}),
            safe=safe,
            reasoning=recipe.reasoning,
            model=recipe.model,
            seed=seed,
            progress=lambda step, steps, logged: report("SFT", step, steps, _loss(logged)),
        )
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
    from safecrs.benchmark import load_benchmark
    from safecrs.benchmark.store import ORACLE
    from safecrs.cli.output import progress, say
    from safecrs.oracle import Oracle
    from safecrs.training.preset import choose_preset
    from safecrs.training.rl import train_gdpo

    adapted = (base / "adapter_config.json").is_file()
    recipe = choose_preset(preset or ("smollm2" if adapted else None), None, settings or ())
    held = load_benchmark(benchmark)
    with progress() as report:
        trained = train_gdpo(
            out,
            base,
            held.split("train"),
            Oracle.load(benchmark / ORACLE),
            recipe.rl,
            recipe.gdpo,
            model=recipe.model,
            seed=seed,
            progress=lambda step, steps, logged: report("Safe-GDPO", step, steps, _loss(logged)),
        )
    say(f"The model is in {trained}")


@app.command()
def presets() -> None:
    """List the presets."""
    from safecrs.cli.output import say
    from safecrs.training.preset import load_preset, preset_names

    for name in preset_names():
        recipe = load_preset(name)
        say(f"{name}: {recipe.model.name}, sft {recipe.sft}, rl {recipe.rl}")


def _loss(logged: dict[str, float]) -> str:
    return f"loss {logged['loss']:.3f}" if "loss" in logged else ""
