"""One experiment, start to finish; whatever was done before is not done again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safecrs.benchmark import save_benchmark
from safecrs.benchmark.recipes.table import RECIPES
from safecrs.benchmark.store import ORACLE, Benchmark, read_card
from safecrs.errors import SafecrsError
from safecrs.evaluation.report import Chapter, write_report
from safecrs.evaluation.results import Evaluation, save_evaluation
from safecrs.evaluation.run import Measured, best_recall, evaluate_systems
from safecrs.evaluation.systems import CLASSIC, SERVED, Model, lineup
from safecrs.oracle import Oracle
from safecrs.progress import Report, quiet
from safecrs.studies.cards import write_model_card
from safecrs.training.models.base import base_model
from safecrs.training.models.spec import TINY, ModelSpec
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import Preset
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.manifest import installed_versions
from safecrs.training.runs.selection import RECALL, SVR
from safecrs.training.train import train

BENCHMARK = "benchmark"
STAGES = {run: OBJECTIVES[run].name for run in ("sft", "safe-sft", "safe-gdpo")}
"""A run's folder, which is its objective's id → what tables call its model."""
SFT, SAFE_SFT, SAFE_GDPO = STAGES.values()
_VALIDATED = {RECALL: "recall in validation", SVR: "SVR in validation"}
_CURVES = {
    "safe-sft": {"loss": "loss", "mean_token_accuracy": "token accuracy", **_VALIDATED},
    "safe-gdpo": {
        "slate/recall": "recall of rollouts",
        "slate/svr": "SVR of rollouts",
        "slate/length": "items",
        "reward": "reward",
        **_VALIDATED,
    },
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an experiment leaves behind.

    Attributes:
        folder: everything; report: the page; evaluation: its numbers.
        model, oracle: the safest model and the compiled oracle, for `safecrs.recommenders`.
    """

    folder: Path
    report: Path
    evaluation: Evaluation
    model: Path
    oracle: Path


def run_experiment(
    benchmark: Benchmark,
    preset: Preset,
    folder: Path,
    *,
    seed: int = 0,
    command: str | None = None,
    report: Report = quiet,
) -> Outcome:
    """Train, measure on the test split, and write ``report.html`` and ``evaluation.json`` into ``folder``.

    Raises:
        SafecrsError: ``folder`` holds another experiment, or cannot be written.
    """
    recipe = next((recipe for recipe in RECIPES if recipe.title == benchmark.card.name), None)
    _keep_benchmark(benchmark, folder)
    started = time.perf_counter()
    _, safe_sft = fine_tune(benchmark, preset, folder, report, seed, command)
    out = folder / "safe-gdpo"
    safest = train("safe-gdpo", benchmark, preset, safe_sft, out, seed, command=command, report=report)
    seconds = time.perf_counter() - started
    trained = [Model(name, folder / run / "model") for run, name in STAGES.items()]
    evaluation = evaluate_systems(
        benchmark,
        lineup(benchmark, trained),
        comparisons,
        store=folder / "slates",
        seed=seed,
        report=report,
    )
    save_evaluation(evaluation, folder / "evaluation.json")
    for run in STAGES:
        write_model_card(folder / run, evaluation)
    chapter = Chapter(
        recipe.title if recipe else benchmark.card.name,
        recipe.about if recipe else "",
        evaluation,
        trait_systems=(SFT, SAFE_SFT, SAFE_GDPO),
        training=_curves(folder),
        facts={
            "Model": f"{preset.model.name}, trained with TRL",
            "Training": f"{seconds:.0f} s in this run (a run that goes on counts only what was left)",
            "Versions": ", ".join(f"{name} {number}" for name, number in installed_versions().items()),
        },
        caveats=(*(recipe.caveats if recipe else ()), *_model_caveats(preset.model)),
    )
    page = folder / "report.html"
    write_report([chapter], page)
    return Outcome(folder, page, evaluation, safest, folder / BENCHMARK / ORACLE)


def fine_tune(
    benchmark: Benchmark,
    preset: Preset,
    folder: Path,
    report: Report,
    seed: int = 0,
    command: str | None = None,
) -> tuple[Path, Path]:
    """The models trained without safety and by Safe-SFT, in runs below ``folder``."""
    base = base_model(preset.model, benchmark, folder / "base", seed)

    def fit(run: str, start: Path) -> Path:
        return train(run, benchmark, preset, start, folder / run, seed, command=command, report=report)

    sft = fit("sft", base)
    return sft, fit("safe-sft", sft if preset.safe_sft_from == "sft" else base)


def comparisons(measured: Sequence[Measured]) -> list[tuple[str, str]]:
    """The pairs worth testing; the strongest unsafe recommender is the one with the best recall here."""
    unsafe = (*CLASSIC, SFT, f"{SFT} + catalog")
    strongest = best_recall(measured, unsafe)
    protected = f"{SFT} + constrained" if strongest == f"{SFT} + catalog" else f"{strongest} + filter"
    pairs = [
        (protected, strongest),
        (f"{SFT} + constrained", strongest),
        (f"{SAFE_SFT} + constrained", strongest),
        (f"{SAFE_GDPO} + constrained", strongest),
        (SAFE_GDPO, strongest),
        (SAFE_SFT, SFT),
        (SAFE_GDPO, SAFE_SFT),
        (f"{SAFE_GDPO} + constrained", f"{SAFE_SFT} + constrained"),
        ("Neighbours + filter, detected traits", strongest),
        (f"{SAFE_GDPO} + constrained, detected traits", strongest),
        (SERVED, strongest),
    ]
    return list(dict.fromkeys(pair for pair in pairs if pair[0] != pair[1]))


def _model_caveats(spec: ModelSpec) -> tuple[str, ...]:
    """What the language model can and cannot show."""
    caveats = {
        "Each title is one token of the language model, whose vector begins as what the training people's "
        "tastes and the oracle's own risk table say of it.": spec.name == TINY or spec.item_tokens,
        "The language model is tiny and made for this catalog: it stands for the method, not for what a "
        "pretrained model reaches.": spec.name == TINY,
    }
    return tuple(caveat for caveat, applies in caveats.items() if applies)


def _keep_benchmark(benchmark: Benchmark, folder: Path) -> None:
    """Benchmark and oracle beside the results, so that they can be measured again.

    Raises:
        SafecrsError: those of another experiment are there, or the folder cannot be written.
    """
    target = folder / BENCHMARK
    ours = benchmark.card.fingerprint, benchmark.oracle.fingerprint
    if not target.exists():
        save_benchmark(benchmark, target)
    elif (read_card(target).fingerprint, Oracle.load(target / ORACLE).fingerprint) != ours:
        raise SafecrsError(
            f"{folder} holds an experiment on other data or with another seed; choose another folder or "
            "delete this one."
        )


def _curves(folder: Path) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Run → curve → the logged points; curves without points are left out."""
    logs = {run: TrainingLog(folder / run / LOG).entries() for run in _CURVES}
    return {
        run: {name: points for key, name in names.items() if (points := series(logs[run], key))}
        for run, names in _CURVES.items()
    }
