"""Silence third-party progress bars, hints and warnings, and disable telemetry."""

from __future__ import annotations

import logging
import os
import warnings
from functools import cache


@cache
def silence() -> None:
    """No progress bars, hints and warnings of transformers, TRL, peft and datasets in this process.

    Errors are still raised, and still logged at level ERROR.
    """
    no_telemetry()
    from huggingface_hub.utils.tqdm import disable_progress_bars
    from transformers.utils import logging as transformers_logging

    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    disable_progress_bars()
    try:
        import datasets
    except ImportError:  # needed for training alone
        pass
    else:
        datasets.disable_progress_bars()
        datasets.utils.logging.set_verbosity_error()
    for package in ("transformers", "trl", "peft", "accelerate", "torch"):
        logging.getLogger(package).setLevel(logging.ERROR)
        warnings.filterwarnings("ignore", module=rf"{package}\b")


def no_telemetry() -> None:
    """Disable the telemetry of TRL and vLLM, unless these environment variables are set otherwise."""
    from huggingface_hub import constants

    if os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1") == "1":
        constants.HF_HUB_DISABLE_TELEMETRY = True  # huggingface_hub read the variable when it was imported
    os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")
