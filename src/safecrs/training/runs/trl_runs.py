"""What supervised and reinforcement runs on TRL share: their configuration and their record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError
from safecrs.training.runs.about import About, describe
from safecrs.training.models.base import model_fingerprint
from safecrs.training.preset import ModelSpec
from safecrs.training.runs.processes import process_count
from safecrs.training.runs.record import RunRecord, installed_versions
from safecrs.training.runs.run import Run
from safecrs.training.runs.selection import Validation
from safecrs.training.runs.trackers import other_trackers

DEFAULTS: dict[str, Any] = {"disable_tqdm": True, "dataloader_pin_memory": False}
"""Of every run; a preset may say otherwise."""


def resolved(
    defaults: Mapping[str, Any], settings: Mapping[str, Any], validation: Validation | None
) -> dict[str, Any]:
    """What a run is configured with: the last checkpoint is kept, and the best one where there is a choice.

    Raises:
        SafecrsError: there is to be a choice of checkpoints and no checkpoint, or a setting is a secret.
    """
    result = {"save_total_limit": 2 if validation else 1} | dict(defaults) | dict(settings)
    if result.get("hub_token"):
        raise SafecrsError(
            "hub_token would be kept in the run's record and published with its model card: leave it out and "
            "log in with `hf auth login`."
        )
    if validation and result.get("save_strategy") == "no":
        raise SafecrsError(
            'The best checkpoint cannot be chosen without any: leave out save_strategy = "no", or set '
            "selection.samples=0."
        )
    return result


def trl_run(
    folder: Path,
    stage: str,
    base: Path,
    settings: Mapping[str, Any],
    model: ModelSpec,
    seed: int,
    data: str,
    validation: Validation | None = None,
    about: About | None = None,
    **ours: Any,
) -> Run:
    """The run in ``folder``, recorded with TRL's ``settings``, the model's, and what is ours."""
    recorded = {
        **settings,
        **ours,
        "lora": model.lora and model.lora.model_dump(mode="json"),
        "dtype": model.dtype,
    }
    if validation:
        recorded["selection"] = {**validation.record, "svr_ceiling": validation.svr_ceiling}
    if process_count() > 1:
        recorded["processes"] = process_count()
    record = RunRecord(
        stage=stage,
        base=model_fingerprint(base),
        settings=recorded,
        seed=seed,
        data=data,
        versions=installed_versions(),
    )
    return Run(folder, record, validation, about or describe(base))


def trl_config(kind: Any, settings: Mapping[str, Any], **more: Any) -> Any:
    """One of TRL's configuration objects.

    Raises:
        SafecrsError: it does not know a setting, or refuses a value, or a tracker cannot be used.
    """
    import torch

    settings = {"use_cpu": not torch.cuda.is_available(), "bf16": fast_bf16(), **settings}
    settings["report_to"] = other_trackers(settings)
    if process_count() > 1:  # no parameter is ever unused, and looking for one takes time
        settings = {"ddp_find_unused_parameters": False, **settings}
    try:
        return kind(**settings, **more)
    except (TypeError, ValueError) as error:
        raise SafecrsError(f"TRL's {kind.__name__} does not accept these settings: {error}.") from error


def fast_bf16() -> bool:
    """Whether this machine computes in bfloat16; one that only imitates it takes nearly twice as long."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    told: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older torch
    return any(told.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))
