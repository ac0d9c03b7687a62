"""The models of an experiment, each trained from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from safecrs.benchmark import Sample
from safecrs.experiment.study import Report, Study
from safecrs.training.models import base_model
from safecrs.training.preset import Preset
from safecrs.training.rl import train_gdpo
from safecrs.training.runs import Progress
from safecrs.training.sft import by_popularity, train_sft

SFT_RUN, SAFE_SFT_RUN, SAFE_GDPO_RUN = "sft", "safe-sft", "safe-gdpo"
STAGES = {SFT_RUN: "SFT, no safety", SAFE_SFT_RUN: "Safe-SFT", SAFE_GDPO_RUN: "Safe-GDPO"}
"""A run's folder → what people call its stage and its model."""


@dataclass(frozen=True, slots=True)
class Models:
    """Folders of the trained models."""

    sft: Path
    safe_sft: Path
    safe_gdpo: Path


def train_models(study: Study, preset: Preset, folder: Path, report: Report, seed: int = 0) -> Models:
    """Train without safety, Safe-SFT_RUN, and Safe-GDPO from there; what is finished is not done again."""
    benchmark = study.benchmark
    samples: Sequence[Sample] = benchmark.split("train")
    lists = by_popularity(samples, benchmark.tastes) if preset.order == "popularity" else samples
    base = base_model(preset.model, benchmark, study.oracle, folder / "base", seed)
    sft = train_sft(
        folder / SFT_RUN,
        base,
        lists,
        preset.sft,
        safe=False,
        model=preset.model,
        seed=seed,
        progress=_progress(report, SFT_RUN),
    )
    safe_sft = train_sft(
        folder / SAFE_SFT_RUN,
        sft if preset.safe_sft_from == "sft" else base,
        lists,
        preset.sft | preset.safe_sft,
        safe=True,
        reasoning=preset.reasoning,
        model=preset.model,
        seed=seed,
        progress=_progress(report, SAFE_SFT_RUN),
    )
    safe_gdpo = train_gdpo(
        folder / SAFE_GDPO_RUN,
        safe_sft,
        samples,
        study.oracle,
        preset.rl,
        preset.gdpo,
        model=preset.model,
        seed=seed,
        progress=_progress(report, SAFE_GDPO_RUN),
    )
    return Models(sft, safe_sft, safe_gdpo)


def _progress(report: Report, stage: str) -> Progress:
    def tell(step: int, steps: int, logged: dict[str, float]) -> None:
        report(STAGES[stage], step, steps, _detail(logged))

    return tell


def _detail(logged: dict[str, float]) -> str:
    shown = {
        "loss": "loss",
        "slate/recall": "recall",
        "slate/svr": "SVR",
        "slate/length": "items",
    }
    return "  ".join(f"{name} {logged[key]:.3f}" for key, name in shown.items() if key in logged)
