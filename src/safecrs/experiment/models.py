"""The models of an experiment, each trained from the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from safecrs.benchmark import Sample
from safecrs.experiment.study import Report, Study
from safecrs.experiment.validation import validation_for
from safecrs.training.about import About, describe
from safecrs.training.models import base_model
from safecrs.training.preset import ModelSpec, Preset
from safecrs.training.progress import Progress, headline
from safecrs.training.record import RECORD, read_record
from safecrs.training.rl import train_gdpo
from safecrs.training.selection import Validation
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
    """Train without safety, Safe-SFT, and Safe-GDPO from there; what is finished is not done again."""
    sft, safe_sft = fine_tune(study, preset, folder, report, seed)
    safe_gdpo = reinforce(study, preset, safe_sft, folder / SAFE_GDPO_RUN, report, seed)
    return Models(sft, safe_sft, safe_gdpo)


def fine_tune(study: Study, preset: Preset, folder: Path, report: Report, seed: int = 0) -> tuple[Path, Path]:
    """The models trained without safety and by Safe-SFT, in runs below ``folder``."""
    base = base_model(preset.model, study.benchmark, study.oracle, folder / "base", seed)
    sft = supervise(study, preset, base, folder / SFT_RUN, report, seed, safe=False)
    start = sft if preset.safe_sft_from == "sft" else base
    return sft, supervise(study, preset, start, folder / SAFE_SFT_RUN, report, seed, safe=True)


def supervise(
    study: Study, preset: Preset, base: Path, run: Path, report: Report, seed: int = 0, *, safe: bool
) -> Path:
    """The model that supervised fine-tuning makes of ``base``."""
    benchmark = study.benchmark
    samples: Sequence[Sample] = benchmark.split("train")
    stage = STAGES[SAFE_SFT_RUN if safe else SFT_RUN]
    around = _around(study, preset, base, report, seed, stage, reasons=safe and preset.reasoning, safe=safe)
    return train_sft(
        run,
        base,
        by_popularity(samples, benchmark.tastes) if preset.order == "popularity" else samples,
        preset.sft | (preset.safe_sft if safe else {}),
        safe=safe,
        reasoning=preset.reasoning,
        **around,
    )


def reinforce(
    study: Study,
    preset: Preset,
    base: Path,
    run: Path,
    report: Report,
    seed: int = 0,
    stage: str = STAGES[SAFE_GDPO_RUN],
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
        study.benchmark.split("train"),
        study.oracle,
        preset.rl,
        gdpo,
        reasons=reasons,
        **_around(study, preset, base, report, seed, stage, reasons=reasons, safe=safe),
    )


class _Around(TypedDict):
    """What every stage hands to its run, whatever the objective."""

    model: ModelSpec
    seed: int
    progress: Progress
    validation: Validation | None
    about: About


def _around(
    study: Study,
    preset: Preset,
    base: Path,
    report: Report,
    seed: int,
    stage: str,
    *,
    reasons: bool,
    safe: bool,
) -> _Around:
    def tell(step: int, steps: int, logged: dict[str, float]) -> None:
        report(stage, step, steps, headline(logged))

    return {
        "model": preset.model,
        "seed": seed,
        "progress": tell,
        "validation": validation_for(
            study.benchmark, study.oracle, preset.selection, reasons=reasons, safe=safe
        ),
        "about": describe(base, study.benchmark.card, study.command),
    }
