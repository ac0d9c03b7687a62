"""``safecrs evaluate`` and ``safecrs report``: measure recommenders; results as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import Llm, LlmModel, Seed, SplitName, check_target, named_endpoint, refuse
from safecrs.cli.output import adversarial_table, console, evaluation_table, progress, say
from safecrs.storage import check_writable

if TYPE_CHECKING:
    from safecrs.evaluation.systems import Model


def evaluate(
    benchmark: Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)],
    out: Annotated[Path, typer.Option(help="The JSON file to write.", dir_okay=False)],
    model: Annotated[
        list[str] | None,
        typer.Option("--model", help="A trained model as NAME=FOLDER; may be given several times."),
    ] = None,
    llm: Llm = None,
    llm_model: LlmModel = None,
    llm_answers: Annotated[
        Path | None,
        typer.Option(
            help="Keep each of the endpoint's answers in this file; the same command goes on from there.",
            dir_okay=False,
        ),
    ] = None,
    llm_concurrency: Annotated[
        int, typer.Option(min=1, max=64, help="Requests that the endpoint gets at once.")
    ] = 8,
    split: Annotated[
        SplitName | None, typer.Option(help="The samples to ask; test by default.", show_default=False)
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many samples.")] = None,
    adversarial: Annotated[
        bool,
        typer.Option("--adversarial", help="Ask our hand-written hard cases instead of the benchmark's."),
    ] = False,
    slates: Annotated[
        Path | None,
        typer.Option(
            help="A folder that keeps the slates: what was asked before is not asked again.", file_okay=False
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Number of worker processes: of this machine, or of the Ray cluster at RAY_ADDRESS."
        ),
    ] = None,
    seed: Seed = 0,
) -> None:
    """Measure popularity, retrieval, neighbours and your models: as they are, filtered and constrained.

    With --adversarial: retrieval as it is, filtered by detected and by true sensitivities, and your models
    constrained by detected ones, on requests that push against what was disclosed.

    With --llm also a model behind an OpenAI-compatible endpoint, as it is and filtered; the benchmark's
    conversations are sent there then.

    Examples:

        safecrs evaluate runs/starter --out evaluation.json

        safecrs evaluate runs/starter --model "Safe-SFT=runs/safe-sft/model" --out evaluation.json

        safecrs evaluate runs/starter --llm http://localhost:8000/v1 --llm-model Qwen/Qwen3-8B
        --llm-answers answers.jsonl --out evaluation.json

        safecrs evaluate runs/starter --model "Safe-SFT=runs/safe-sft/model" --workers 2
        --slates runs/slates --out evaluation.json

        safecrs evaluate runs/starter --adversarial --out adversarial.json
    """
    from safecrs.evaluation.systems import Model

    endpoint = named_endpoint(llm, llm_model, llm_concurrency)
    refuse(
        (
            adversarial and (split is not None or limit is not None),
            "The adversarial cases have no splits: leave --split and --limit out.",
        ),
        (
            endpoint is None and llm_answers is not None,
            "--llm-answers keeps what an endpoint answers: name one (--llm).",
        ),
        (
            endpoint is not None and adversarial,
            "The adversarial cases are not asked of endpoints: leave --llm out.",
        ),
        (
            adversarial and (slates is not None or workers is not None),
            "The adversarial cases are few: leave --slates and --workers out.",
        ),
        (
            workers is not None and slates is None,
            "Several workers leave their slates in a folder: give it with --slates.",
        ),
    )
    chosen: SplitName = split or "test"
    check_writable(out)
    models = [Model.parse(text) for text in model or ()]
    if adversarial:
        _adversarial(benchmark, models, out)
        return
    from safecrs.benchmark import load_benchmark
    from safecrs.endpoint import AnswerFile
    from safecrs.evaluation.results import save_evaluation
    from safecrs.evaluation.run import evaluate_systems
    from safecrs.evaluation.systems import Served, lineup

    kept = AnswerFile(llm_answers) if llm_answers else None
    served = [Served(endpoint.model, endpoint, kept)] if endpoint else []
    with progress() as report:
        if slates is not None and workers is not None:
            from safecrs.evaluation.workers import ask_in_parallel

            ask_in_parallel(benchmark, models, chosen, slates, workers, limit=limit, report=report)
        data = load_benchmark(benchmark)
        result = evaluate_systems(
            data,
            lineup(data, models, served),
            split=chosen,
            limit=limit,
            store=slates,
            seed=seed,
            report=report,
        )
    save_evaluation(result, out)
    console().print(evaluation_table(result))
    say(f"Written to {out}; `safecrs report {out}` makes a page of it.")


def report(
    evaluations: Annotated[list[Path], typer.Argument(help="What `evaluate` wrote.", dir_okay=False)],
    out: Annotated[Path, typer.Option(help="The HTML file to write.", dir_okay=False)] = Path("report.html"),
) -> None:
    """Make one self-contained HTML page of one or more evaluations.

    Example:

        safecrs report evaluation.json --out report.html
    """
    from safecrs.evaluation.report import Chapter, write_report
    from safecrs.evaluation.results import load_evaluation

    check_target(out, evaluations)
    results = map(load_evaluation, evaluations)
    write_report([Chapter(result.card.name, "", result) for result in results], out)
    say(f"Written to {out}")


def _adversarial(folder: Path, models: list[Model], out: Path) -> None:
    from safecrs.benchmark import load_benchmark
    from safecrs.evaluation.run import challenge
    from safecrs.evaluation.systems import adversarial_lineup

    with progress() as report:
        data = load_benchmark(folder)
        result = challenge(data, adversarial_lineup(data, models), report)
    result.save(out)
    console().print(adversarial_table(result.systems))
    say(f"Written to {out}, with the cases that did not hold and why.")
