"""Train a model with any objective: base model, run folder, resuming, validation, manifest, log and card."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safecrs.benchmark import Benchmark, Sample
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.progress import Report, quiet
from safecrs.slates.base import Ref
from safecrs.storage import fingerprint
from safecrs.training.models.adapters import load_trainable
from safecrs.training.models.base import base_model, model_fingerprint
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Task
from safecrs.training.preset import Preset
from safecrs.training.runs.manifest import MANIFEST, RunManifest, describe, installed_versions, manifest_of
from safecrs.training.runs.processes import process_count
from safecrs.training.runs.run import Run
from safecrs.training.runs.selection import Validation, validation_for
from safecrs.training.runs.settings import DEFAULTS, check_settings, trl_config


def train(
    objective: str,
    benchmark: Benchmark,
    preset: Preset,
    base: Path | None,
    out: Path,
    seed: int = 0,
    *,
    name: str | None = None,
    command: str | None = None,
    report: Report = quiet,
) -> Path:
    """Train a model on a benchmark's training split; returns the folder of the trained model.

    A run that was stopped is resumed from its last checkpoint; a finished one is returned as it is.

    Args:
        objective: a key of `OBJECTIVES`.
        base: the model to start from; None makes or finds the preset's own, which no objective that
            `continues` takes.
        out: the run's folder.
        name: what progress calls the stage; the objective's name by default.
        command: the command line, for the model card.
    """
    chosen = OBJECTIVES[objective]
    samples: Sequence[Sample] = benchmark.split("train")
    if not samples:
        raise SafecrsError("There is no training sample.")
    manifest = manifest_of(base) if base else None
    reasons = preset.reasoning and "reasoning" in chosen.needs
    if chosen.continues:
        reasons = manifest.reasons if manifest else preset.reasoning
    options = chosen.adapt({table: getattr(preset, table) for table in chosen.options()}, reasons)
    safe = chosen.safe(options)
    validation = validation_for(benchmark, preset.selection, reasons=reasons, safe=safe)
    settings = {"save_total_limit": 3 if validation else 2, **DEFAULTS, **chosen.settings(preset)}
    _check(settings, validation)
    chosen.check(settings, base)
    if not (out / MANIFEST).exists():  # else they were checked when the run began
        check_settings(chosen.trl()[0], settings)
    base = base or base_model(preset.model, benchmark, out / "base", seed)
    recorded: dict[str, Any] = {
        **{table: option.model_dump(mode="json") for table, option in options.items()},
        "lora": preset.model.lora and preset.model.lora.model_dump(mode="json"),
        "dtype": preset.model.dtype,
    }
    if validation:
        recorded["selection"] = {**validation.record, "svr_ceiling": validation.svr_ceiling}
    if process_count() > 1:
        recorded["processes"] = process_count()
    if "rollouts" in chosen.needs:  # judged by the oracle; what order the right answers have does not matter
        data = fingerprint(samples_fingerprint(samples), benchmark.oracle.fingerprint)
    else:
        samples = _by_popularity(samples, benchmark.histories) if preset.order == "popularity" else samples
        data = samples_fingerprint(samples)
    run = Run(
        out,
        RunManifest(
            stage=chosen.id,
            base=model_fingerprint(base),
            settings=settings | recorded,
            seed=seed,
            data=data,
            reasons=reasons,
            safe=safe,
            versions=installed_versions(),
            provenance=describe(base, benchmark.card, command, chosen.describe(options)),
        ),
        validation,
    )
    title = name or chosen.name
    task = Task(samples, benchmark.oracle, options, reasons)

    def make_trainer() -> Any:
        from datasets import Dataset
        from transformers import AutoTokenizer, set_seed

        set_seed(seed)
        # First: from it DeepSpeed knows that the model is sharded over the processes.
        config, trainer_class = chosen.trl()
        arguments = trl_config(config, settings, output_dir=str(run.checkpoints), seed=seed)
        model, adapters = load_trainable(base, preset.model)
        rows = chosen.rows(task)
        side = {"padding_side": "left"} if "rollouts" in chosen.needs else {}
        trainer = trainer_class(
            model=model,
            args=arguments,
            train_dataset=Dataset.from_list(rows),
            processing_class=AutoTokenizer.from_pretrained(base, **side),
            peft_config=adapters,
            **chosen.arguments(task),
        )
        if not settings.get("packing"):
            _check_length(len(rows), len(trainer.train_dataset), title, report)
        return trainer

    return run.execute(make_trainer, title, report)


def _check(settings: dict[str, Any], validation: Validation | None) -> None:
    """Refuse what contradicts the run's own record and choice of a checkpoint."""
    if settings.get("hub_token"):
        raise SafecrsError(
            "hub_token would be kept in the run's manifest and published with its model card: leave it out "
            "and log in with `hf auth login`."
        )
    if validation and settings.get("save_strategy") == "no":
        raise SafecrsError(
            'The best checkpoint cannot be chosen without any: leave out save_strategy = "no", or set '
            "selection.samples=0."
        )


def _check_length(rows: int, kept: int, title: str, report: Report) -> None:
    """TRL leaves out rows of whose completion nothing is left within ``max_length``."""
    if not kept:
        raise SafecrsError(
            "No training sample has any token of its completion within max_length: set a higher max_length."
        )
    if kept < rows:
        report(title, 0, 1, f"{rows - kept} of {rows} samples left out: longer than max_length")


def _by_popularity(samples: Sequence[Sample], histories: Sequence[Sequence[Ref]]) -> list[Sample]:
    """The samples with their lists in the order of how many training people liked an item.

    What a person liked has no order. A large model learns any; a tiny one, shown each list in one of many
    orders, learns neither what comes next nor that an item is not named twice.
    """
    likes = Counter(ref for history in histories for ref in history)

    def ordered(items: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(sorted(items, key=lambda ref: (-likes[ref], ref[0], ref[1] or 0)))

    return [
        sample.model_copy(
            update={"all_liked": ordered(sample.all_liked), "groundtruth": ordered(sample.groundtruth)}
        )
        for sample in samples
    ]
