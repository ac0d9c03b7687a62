"""The models of an experiment, each trained from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from safecrs.benchmark import Sample
from safecrs.benchmark.store import Benchmark
from safecrs.progress import Report
from safecrs.training.models.base import base_model
from safecrs.training.objectives.gdpo import train_gdpo
from safecrs.training.objectives.sft import by_popularity, train_sft
from safecrs.training.preset import ModelSpec, Preset
from safecrs.training.runs.about import About, describe
from safecrs.training.runs.progress import Progress, headline
from safecrs.training.runs.record import RECORD, read_record
from safecrs.training.runs.selection import Validation
from safecrs.training.runs.validation import validation_for

SFT_RUN, SAFE_SFT_RUN, SAFE_GDPO_RUN = "sft", "safe-sft", "safe-gdpo"
STAGES = {SFT_RUN: "SFT, no safety", SAFE_SFT_RUN: "Safe-SFT", SAFE_GDPO_RUN: "Safe-GDPO"}
"""A run's folder → what people call its stage and its model."""


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
    """Train without safety, Safe-SFT, and Safe-GDPO from there; what is finished is not done again."""
    sft, safe_sft = fine_tune(benchmark, preset, folder, report, seed, command)
    safe_gdpo = reinforce(benchmark, preset, safe_sft, folder / SAFE_GDPO_RUN, report, seed, command=command)
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
    sft = supervise(benchmark, preset, base, folder / SFT_RUN, report, seed, safe=False, command=command)
    start = sft if preset.safe_sft_from == "sft" else base
    return sft, supervise(
        benchmark, preset, start, folder / SAFE_SFT_RUN, report, seed, safe=True, command=command
    )


def supervise(
    benchmark: Benchmark,
    preset: Preset,
    base: Path,
    run: Path,
    report: Report,
    seed: int = 0,
    *,
    safe: bool,
    command: str | None = None,
) -> Path:
    """The model that supervised fine-tuning makes of ``base``."""
    samples: Sequence[Sample] = benchmark.split("train")
    stage = STAGES[SAFE_SFT_RUN if safe else SFT_RUN]
    around = _around(
        benchmark,
        preset,
        base,
        report,
        seed,
        stage,
        reasons=safe and preset.reasoning,
        safe=safe,
        command=command,
    )
    return train_sft(
        run,
        base,
        by_popularity(samples, benchmark.histories) if preset.order == "popularity" else samples,
        preset.sft | (preset.safe_sft if safe else {}),
        safe=safe,
        reasoning=preset.reasoning,
        **around,
    )


def reinforce(
    benchmark: Benchmark,
    preset: Preset,
    base: Path,
    run: Path,
    report: Report,
    seed: int = 0,
    stage: str = STAGES[SAFE_GDPO_RUN],
    command: str | None = None,
) -> Path:
    """The model that reinforcement learning makes of ``base``; ``stage`` is what progress calls it.

    Where the base writes no safety analysis, none is written for it in constrained rollouts either.
    """
    record = base.parent / RECORD
    reasons = read_record(record).reasons if record.is_file() else preset.reasoning
    safe = preset.gdpo.rewards.safety > 0
    gdpo = preset.gdpo
    if gdpo.rollouts == "constrained" and not reasons:
        gdpo = gdpo.model_copy(update={"reasoning": "none"})
    return train_gdpo(
        run,
        base,
        benchmark.split("train"),
        benchmark.oracle,
        preset.rl,
        gdpo,
        reasons=reasons,
        **_around(benchmark, preset, base, report, seed, stage, reasons=reasons, safe=safe, command=command),
    )


class _Around(TypedDict):
    """What every stage hands to its run, whatever the objective."""

    model: ModelSpec
    seed: int
    progress: Progress
    validation: Validation | None
    about: About


def _around(
    benchmark: Benchmark,
    preset: Preset,
    base: Path,
    report: Report,
    seed: int,
    stage: str,
    *,
    reasons: bool,
    safe: bool,
    command: str | None,
) -> _Around:
    def tell(step: int, steps: int, logged: dict[str, float]) -> None:
        report(stage, step, steps, headline(logged))

    return {
        "model": preset.model,
        "seed": seed,
        "progress": tell,
        "validation": validation_for(
            benchmark, benchmark.oracle, preset.selection, reasons=reasons, safe=safe
        ),
        "about": describe(base, benchmark.card, command),
    }
