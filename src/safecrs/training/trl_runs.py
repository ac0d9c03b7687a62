"""What supervised and reinforcement runs on TRL share: their configuration and their record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError
from safecrs.training.models import model_fingerprint
from safecrs.training.preset import ModelSpec
from safecrs.training.runs import Run, RunRecord, installed_versions

DEFAULTS: dict[str, Any] = {
    "disable_tqdm": True,
    "report_to": [],
    "save_total_limit": 1,
    "dataloader_pin_memory": False,
}
"""Of every run; a preset may say otherwise."""


def trl_run(
    folder: Path,
    stage: str,
    base: Path,
    settings: Mapping[str, Any],
    model: ModelSpec,
    seed: int,
    data: str,
    **ours: Any,
) -> Run:
    """The run in ``folder``, recorded with TRL's ``settings``, the model's, and what is ours."""
    recorded = {
        **settings,
        **ours,
        "lora": model.lora and model.lora.model_dump(mode="json"),
        "dtype": model.dtype,
    }
    record = RunRecord(
        stage=stage,
        base=model_fingerprint(base),
        settings=recorded,
        seed=seed,
        data=data,
        versions=installed_versions(),
    )
    return Run(folder, record)


def trl_config(kind: Any, settings: Mapping[str, Any], **more: Any) -> Any:
    """One of TRL's configuration objects.

    Raises:
        SafecrsError: it does not know a setting, or refuses a value.
    """
    import torch

    settings = {"use_cpu": not torch.cuda.is_available(), "bf16": torch.cuda.is_available(), **settings}
    try:
        return kind(**settings, **more)
    except (TypeError, ValueError) as error:
        raise SafecrsError(f"TRL's {kind.__name__} does not accept these settings: {error}.") from error
