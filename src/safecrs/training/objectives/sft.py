"""Supervised fine-tuning with TRL: on everything people liked, and Safe-SFT."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from safecrs.benchmark import Sample, completion_text
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.slates.base import Ref
from safecrs.slates.template import solution_text
from safecrs.training.models.adapters import load_trainable
from safecrs.training.preset import ModelSpec
from safecrs.training.runs.about import About
from safecrs.training.runs.progress import Progress
from safecrs.training.runs.run import train
from safecrs.training.runs.selection import Validation
from safecrs.training.runs.trl_runs import DEFAULTS, resolved, trl_config, trl_run

_DEFAULTS = DEFAULTS | {"logging_steps": 10, "completion_only_loss": True}


def sft_rows(samples: Sequence[Sample], *, safe: bool, reasoning: bool = True) -> list[dict[str, Any]]:
    """Prompt and completion of each sample.

    Safe: the ground truth without what the oracle forbids, after the safety analysis (unless ``reasoning``
    is off). Not safe: everything the person liked, as a recommender that knows no safety is trained.
    """
    rows = []
    for sample in samples:
        if safe and reasoning:
            completion = completion_text(sample)
        else:
            items = sample.groundtruth if safe else sample.all_liked
            completion = f"<solution>\n{solution_text(items)}\n</solution>"
        rows.append(
            {
                "prompt": [message.model_dump() for message in sample.prompt],
                "completion": [{"role": "assistant", "content": completion}],
            }
        )
    return rows


def by_popularity(samples: Sequence[Sample], tastes: Sequence[Sequence[Ref]]) -> list[Sample]:
    """The samples with their answers in the order of how many training people liked an item.

    What a person liked has no order. A large model does not mind; a tiny one, shown each list in one of
    many orders, learns neither where to go on nor that an item is not named twice.
    """
    likes = Counter(ref for taste in tastes for ref in taste)

    def ordered(items: tuple[Ref, ...]) -> tuple[Ref, ...]:
        return tuple(sorted(items, key=lambda ref: (-likes[ref], ref[0], ref[1] or 0)))

    return [
        sample.model_copy(
            update={"all_liked": ordered(sample.all_liked), "groundtruth": ordered(sample.groundtruth)}
        )
        for sample in samples
    ]


def train_sft(
    folder: Path,
    base: Path,
    samples: Sequence[Sample],
    settings: Mapping[str, Any],
    *,
    safe: bool,
    reasoning: bool = True,
    model: ModelSpec | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    validation: Validation | None = None,
    about: About | None = None,
) -> Path:
    """Fine-tune on completions only; returns the folder of the trained model (an adapter with LoRA).

    A run that was stopped goes on from its last checkpoint; a finished one is returned as it is.

    ``packing`` is TRL's: its "bfd" keeps packed conversations apart under every attention of transformers and
    gives the loss of unpacked ones. It saves padding on a GPU; on a CPU it is slower, because attention then
    spans the whole batch.

    Args:
        validation: how checkpoints are compared and the model chosen; the last one without it.
        about: where data and base come from, for the model card.

    Raises:
        SafecrsError: there is no sample, a setting is not one of TRL's or lets conversations see each other,
            or ``folder`` holds another run.
    """
    if not samples:
        raise SafecrsError("There is no training sample.")
    model = model or ModelSpec()
    settings = resolved(_DEFAULTS, settings, validation)
    if settings.get("packing") and settings.get("packing_strategy", "bfd") == "wrapped":
        raise SafecrsError(
            "Packed this way a conversation reads the one before it, which is another person's: leave out "
            'packing_strategy = "wrapped".'
        )
    stage = "safe-sft" if safe else "sft"
    data = samples_fingerprint(samples)
    run = trl_run(folder, stage, base, settings, model, seed, data, validation, about, reasoning=reasoning)

    def make_trainer() -> Any:
        from datasets import Dataset
        from transformers import AutoTokenizer, set_seed
        from trl import SFTConfig, SFTTrainer

        set_seed(seed)
        arguments = trl_config(SFTConfig, settings, output_dir=str(run.checkpoints), seed=seed)
        start, adapters = load_trainable(base, model)
        return SFTTrainer(
            model=start,
            args=arguments,
            train_dataset=Dataset.from_list(sft_rows(samples, safe=safe, reasoning=reasoning)),
            processing_class=AutoTokenizer.from_pretrained(base),
            peft_config=adapters,
        )

    return train(run, make_trainer, progress)
