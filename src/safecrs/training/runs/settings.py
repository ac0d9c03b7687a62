"""TRL's settings of a run: checked by type and range before anything is written; where its numbers go."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError

from safecrs.errors import SafecrsError
from safecrs.training.runs.processes import process_count

# Of every run; a preset may say otherwise.
DEFAULTS: dict[str, Any] = {"disable_tqdm": True, "dataloader_pin_memory": False}
_OURS = ("output_dir", "seed", "resume_from_checkpoint", "reward_weights", "multi_objective_aggregation")
_POSITIVE = re.compile(
    r"num_\w+|(\w+_)?max_\w*length|\w+_size|\w+_per_generation|(save|logging|eval|sync|accumulation)_steps|"
    r"gradient_accumulation_steps|save_total_limit|dataset_num_proc|temperature|top_p|repetition_penalty|"
    r"vllm_gpu_memory_utilization|adam_epsilon"
)
_SHARES = re.compile(r"adam_beta[12]|top_p|min_p|label_smoothing\w*|\w+_utilization|\w+_quantile|\w+_alpha")
_TENSORBOARD = "tensorboard"


def check_settings(kind: Any, settings: Mapping[str, Any]) -> None:
    """Refuse what TRL's configuration class ``kind`` would take and fail over later."""
    hints = get_type_hints(kind)
    for name, value in settings.items():
        if problem := _problem(kind, hints, name, value):
            raise SafecrsError(f"TRL's {kind.__name__} does not accept {name} = {value!r}: {problem}.")
    if settings.get("log_completions"):
        raise SafecrsError(
            "log_completions would write conversations, and what people disclosed in them, to the screen, to "
            "disk and to trackers: leave it off."
        )


def _problem(kind: Any, hints: Mapping[str, Any], name: str, value: Any) -> str | None:
    if name not in hints:
        return "there is no such setting"
    if name in _OURS:
        return "safecrs sets it"
    strict = ConfigDict(strict=True, arbitrary_types_allowed=True)
    try:
        TypeAdapter(hints[name], config=strict).validate_python(value)
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not math.isfinite(value):
        return "it has to be a finite number"
    if name == "max_steps" and value < 1:
        return "it has to be at least 1; leave it out to train for num_train_epochs" if value != -1 else None
    default = getattr(kind, name, None)
    lowest = min(default, 0) if isinstance(default, int | float) else 0
    if value < lowest or (value == 0 and _POSITIVE.fullmatch(name)):
        return f"it has to be {'above' if _POSITIVE.fullmatch(name) else 'at least'} {lowest}"
    return "it has to be at most 1" if value > 1 and _SHARES.fullmatch(name) else None


def trl_config(kind: Any, settings: Mapping[str, Any], **more: Any) -> Any:
    """One of TRL's configuration objects."""
    import torch

    settings = {"use_cpu": not torch.cuda.is_available(), "bf16": fast_bf16(), **settings}
    settings["report_to"] = other_trackers(settings)
    if process_count() > 1:  # every parameter is used, and looking for unused ones takes time
        settings = {"ddp_find_unused_parameters": False, **settings}
    try:
        return kind(**settings, **more)
    except (TypeError, ValueError, ImportError) as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise SafecrsError(f"TRL's {kind.__name__} does not accept these settings: {reason}.") from error


def fast_bf16() -> bool:
    """Whether this machine computes in bfloat16; one that emulates it takes nearly twice as long."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    features: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()  # not in older torch
    return any(features.get(name) for name in ("amx_bf16", "avx512_bf16", "bf16"))


def other_trackers(settings: Mapping[str, Any]) -> list[str]:
    """The trackers in ``report_to`` without TensorBoard, which is ours (`tensorboard`).

    Trackers get numbers and settings, never conversations.
    """
    from transformers.integrations import integration_utils

    chosen = [name for name in _trackers(settings) if name != _TENSORBOARD]
    for name in chosen:
        if name not in (known := integration_utils.INTEGRATION_TO_CALLBACK):
            raise SafecrsError(
                f"report_to={name} is no tracker: choose none or among {', '.join(sorted(known))}."
            )
        if name not in integration_utils.get_available_reporting_integrations():
            raise SafecrsError(
                f"report_to={name} is not installed: pip install {name}, or choose another one."
            )
    return chosen


def tensorboard(settings: Mapping[str, Any], folder: Path, step: int) -> Any:
    """A callback that writes event files into ``folder``; None where that is not wanted or not installed.

    Args:
        step: where the run is resumed; what an earlier process wrote after it is not shown.
    """
    if _TENSORBOARD not in _trackers(settings):
        return None
    if find_spec(_TENSORBOARD) is None:
        if "report_to" not in settings:
            return None
        raise SafecrsError("report_to=tensorboard is not installed: pip install tensorboard.")
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(folder), purge_step=step + 1))


def _trackers(settings: Mapping[str, Any]) -> list[str]:
    named = settings.get("report_to", _TENSORBOARD)
    listed = [named] if isinstance(named, str) else list(named or ())
    return [name for name in listed if name != "none"]
