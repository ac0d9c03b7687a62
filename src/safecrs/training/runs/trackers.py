"""Where the curves go besides the run's own log: TensorBoard unless told otherwise, W&B, trackio… on request.

``report_to`` names them, as in transformers. Trackers are told numbers and settings, never conversations.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError

_TENSORBOARD = "tensorboard"
_PACKAGES = {"azure_ml": "azureml", "dagshub": "dagshub", "flyte": "flytekit"}
"""Where the name is not the package's."""


def other_trackers(settings: Mapping[str, Any]) -> list[str]:
    """What transformers is to report to; TensorBoard is ours (`tensorboard`).

    Raises:
        SafecrsError: a tracker does not exist or is not installed, or conversations would be logged.
    """
    if settings.get("log_completions"):
        raise SafecrsError(
            "log_completions would write conversations, and what people disclosed in them, to the screen, to "
            "disk and to trackers: leave it off."
        )
    from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK

    chosen = [name for name in _chosen(settings) if name != _TENSORBOARD]
    for name in chosen:
        if name not in INTEGRATION_TO_CALLBACK:
            known = ", ".join(sorted(INTEGRATION_TO_CALLBACK))
            raise SafecrsError(f"report_to={name} is no tracker: choose none or among {known}.")
        package = _PACKAGES.get(name, name)
        if find_spec(package) is None:
            raise SafecrsError(
                f"report_to={name} needs the package {package}: pip install {package}, or choose another one."
            )
    return chosen


def tensorboard(settings: Mapping[str, Any], folder: Path, step: int) -> Any:
    """A callback that writes event files into ``folder``; None where that is not wanted or not installed.

    Args:
        step: where the run goes on; what an earlier start wrote after it is not shown.

    Raises:
        SafecrsError: TensorBoard was asked for by name and is not installed.
    """
    if _TENSORBOARD not in _chosen(settings):
        return None
    if find_spec(_TENSORBOARD) is None:
        if "report_to" not in settings:
            return None
        raise SafecrsError("report_to=tensorboard needs the package tensorboard: pip install tensorboard.")
    from torch.utils.tensorboard import SummaryWriter
    from transformers.integrations import TensorBoardCallback

    return TensorBoardCallback(SummaryWriter(log_dir=str(folder), purge_step=step + 1))


def _chosen(settings: Mapping[str, Any]) -> list[str]:
    named = settings.get("report_to", _TENSORBOARD)
    listed = [named] if isinstance(named, str) else list(named or ())
    return [name for name in listed if name != "none"]
