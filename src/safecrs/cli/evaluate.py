"""``safecrs evaluate``: measure recommenders on a stored benchmark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Seed, split_named
from safecrs.errors import SafecrsError

if TYPE_CHECKING:
    from safecrs.experiment.lineup import Trained


def evaluate(
    benchmark: Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)],
    out: Annotated[Path, typer.Option(help="The JSON file to write.", dir_okay=False)],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A trained model as NAME=FOLDER; may be given several times."),
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="train, validation or test; test by default.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")] = None,
    adversarial: Annotated[
        bool,
        typer.Option("--adversarial", help="Ask our hand-written hard cases instead of the benchmark's."),
    ] = False,
    seed: Seed = 0,
) -> None:
    """Measure popularity, retrieval, neighbours and your models: as they are, filtered and constrained.

    With --adversarial: retrieval as it is, filtered by detected and by true sensitivities, and your models
    constrained by detected ones, on requests that push against what was disclosed.

    Examples:

        safecrs evaluate runs/starter --out evaluation.json

        safecrs evaluate runs/starter --model "Safe-SFT=runs/safe-sft/model" --out evaluation.json

        safecrs evaluate runs/starter --adversarial --out adversarial.json
    """
    from safecrs.experiment.lineup import named_model
    from safecrs.storage import check_writable

    if adversarial and (split is not None or limit is not None):
        raise SafecrsError("The adversarial cases have no splits: leave --split and --limit out.")
    chosen = split_named(split or "test")
    check_writable(out)
    models = [named_model(text) for text in model or ()]
    if adversarial:
        _adversarial(benchmark, models, out)
        return
    from safecrs.cli.output import console, progress, say
    from safecrs.cli.tables import evaluation_table
    from safecrs.evaluation import save_evaluation
    from safecrs.experiment.measure import evaluate_folder

    with progress() as report:
        result = evaluate_folder(benchmark, models, chosen, limit=limit, seed=seed, report=report)
    save_evaluation(result, out)
    console().print(evaluation_table(result))
    say(f"Written to {out}; `safecrs report {out}` makes a page of it.")


def _adversarial(folder: Path, models: list[Trained], out: Path) -> None:
    from dataclasses import asdict, replace

    from safecrs.benchmark import load_adversarial, load_benchmark
    from safecrs.benchmark.store import ORACLE
    from safecrs.cli.output import console, progress, say
    from safecrs.cli.tables import adversarial_table
    from safecrs.evaluation import System, challenge
    from safecrs.experiment import Study
    from safecrs.experiment.lineup import lineup
    from safecrs.oracle import Oracle
    from safecrs.storage import write_json

    def detecting(system: System) -> System:
        return replace(system, name=f"{system.name}, detected traits", constraints="detected")

    held = load_benchmark(folder)
    oracle = Oracle.load(folder / ORACLE)
    cases = load_adversarial(held.card.domain)
    systems = {system.name: system for system in lineup(Study(held.card.name, "", held, oracle), models)}
    filtered = systems["Retrieval + filter"]
    constrained = [systems[f"{model.name} + constrained"] for model in models]
    chosen = [systems["Retrieval"], detecting(filtered), filtered, *map(detecting, constrained)]
    with progress() as report:
        results = challenge(
            chosen,
            cases,
            oracle,
            progress=lambda done, total, name: report("Evaluate", done, total, name),
        )
    write_json(
        out,
        {
            "benchmark": held.card.name,
            "oracle": oracle.fingerprint,
            "cases": len(cases),
            "systems": [
                {"name": r.system.name, "constraints": r.system.constraints, **asdict(r.score)}
                for r in results
            ],
        },
    )
    console().print(adversarial_table(results))
    say(f"Written to {out}, with the cases that did not hold and why.")
