"""Safe-GDPO from a fine-tuned model, with everything a run needs around the trainer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safecrs.benchmark import Sample
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.scoring.scored import sample_cases, slate_rows
from safecrs.storage import fingerprint
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.adapters import has_item_tokens, load_trainable
from safecrs.training.preset import ModelSpec
from safecrs.training.runs.about import About
from safecrs.training.runs.progress import Progress
from safecrs.training.runs.run import train
from safecrs.training.runs.selection import Validation
from safecrs.training.runs.trl_runs import DEFAULTS, resolved, trl_config, trl_run

if TYPE_CHECKING:
    from safecrs.catalog import Catalog
    from safecrs.oracle import Oracle

_DEFAULTS = DEFAULTS | {"logging_steps": 1}


def rl_rows(samples: Sequence[Sample], catalog: Catalog) -> list[dict[str, Any]]:
    """What the rewards and the rollouts need of each sample; ``seen`` are catalog rows."""
    seen = slate_rows([sample.seen for sample in samples], catalog).tolist()
    return [
        {"prompt": [message.model_dump() for message in sample.prompt], "id": sample.id}
        | case.columns()
        | {"seen": [row for row in rows if row >= 0]}
        for sample, case, rows in zip(samples, sample_cases(samples, catalog), seen, strict=True)
    ]


def train_gdpo(
    folder: Path,
    base: Path,
    samples: Sequence[Sample],
    oracle: Oracle,
    settings: Mapping[str, Any],
    gdpo: GdpoSettings,
    *,
    reasons: bool = True,
    model: ModelSpec | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    validation: Validation | None = None,
    about: About | None = None,
) -> Path:
    """Reinforcement learning from ``base``; returns the folder of the trained model.

    A run that was stopped goes on from its last checkpoint; a finished one is returned as it is.

    Args:
        reasons: whether ``base`` writes a safety analysis before its list, as its record tells.
        validation: how checkpoints are compared and the model chosen; the last one without it.
        about: where data and base come from, for the model card.

    Raises:
        SafecrsError: there is no sample, a setting is not one of TRL's or needs what is not installed, or
            ``folder`` holds another run.
    """
    if not samples:
        raise SafecrsError("There is no training sample.")
    if settings.get("use_vllm") and find_spec("vllm") is None:
        raise SafecrsError(
            "Rollouts by vLLM need vLLM and a GPU: pip install vllm, or do without (--set rl.use_vllm=false)."
        )
    if settings.get("use_vllm") and has_item_tokens(base):
        raise SafecrsError(
            f"vLLM would read the model that {base} was made from, which has no tokens for titles: do "
            "without vLLM (rl.use_vllm=false), or train without such tokens (model.item_tokens=false)."
        )
    model = model or ModelSpec()
    settings = resolved(_DEFAULTS, settings, validation)
    data = fingerprint(samples_fingerprint(samples), oracle.fingerprint)
    ours: dict[str, Any] = {"gdpo": gdpo.model_dump(mode="json")}
    if not reasons and "reasons" not in (validation.record if validation else {}):  # else that tells it
        ours["reasoning"] = False
    run = trl_run(folder, "safe-gdpo", base, settings, model, seed, data, validation, about, **ours)

    def make_trainer() -> Any:
        from datasets import Dataset
        from transformers import AutoTokenizer, set_seed
        from trl import GRPOConfig

        from safecrs.training.gdpo.trainer import SafeGDPOTrainer

        set_seed(seed)
        # First: by it DeepSpeed knows that the model is to be spread over the processes.
        arguments = trl_config(GRPOConfig, settings, output_dir=str(run.checkpoints), seed=seed)
        start, adapters = load_trainable(base, model)
        return SafeGDPOTrainer(
            model=start,
            settings=gdpo,
            oracle=oracle,
            args=arguments,
            train_dataset=Dataset.from_list(rl_rows(samples, oracle.catalog)),
            processing_class=AutoTokenizer.from_pretrained(base, padding_side="left"),
            peft_config=adapters,
        )

    return train(run, make_trainer, progress)
