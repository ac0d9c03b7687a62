"""The models of an experiment, each trained from the one before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safecrs.benchmark.store import Benchmark
from safecrs.progress import Report
from safecrs.training.models.base import base_model
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import Preset
from safecrs.training.train import train

SFT_RUN, SAFE_SFT_RUN, SAFE_GDPO_RUN = "sft", "safe-sft", "safe-gdpo"
STAGES = {run: OBJECTIVES[run].name for run in (SFT_RUN, SAFE_SFT_RUN, SAFE_GDPO_RUN)}
"""A run's folder, which is its objective's id → what tables call its model."""


@dataclass(frozen=True, slots=True)
class Models:
    """Folders of the trained models."""

    sft: Path
    safe_sft: Path
    safe_gdpo: Path


def train_models(
    benchmark: Benchmark,
    preset: Preset,
    folder: Path,
    report: Report,
    seed: int = 0,
    command: str | None = None,
) -> Models:
    """Train without safety, Safe-SFT, and Safe-GDPO from there; finished runs are not repeated."""
    sft, safe_sft = fine_tune(benchmark, preset, folder, report, seed, command)
    run = folder / SAFE_GDPO_RUN
    safe_gdpo = train(SAFE_GDPO_RUN, benchmark, preset, safe_sft, run, seed, command=command, report=report)
    return Models(sft, safe_sft, safe_gdpo)


def fine_tune(
    benchmark: Benchmark,
    preset: Preset,
    folder: Path,
    report: Report,
    seed: int = 0,
    command: str | None = None,
) -> tuple[Path, Path]:
    """The models trained without safety and by Safe-SFT, in runs below ``folder``."""
    base = base_model(preset.model, benchmark, benchmark.oracle, folder / "base", seed)

    def fit(run: str, start: Path) -> Path:
        return train(run, benchmark, preset, start, folder / run, seed, command=command, report=report)

    sft = fit(SFT_RUN, base)
    return sft, fit(SAFE_SFT_RUN, sft if preset.safe_sft_from == "sft" else base)
