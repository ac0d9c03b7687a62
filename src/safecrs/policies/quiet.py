"""Keep the libraries below from talking over our own progress and error messages."""

from __future__ import annotations

import logging
import warnings
from functools import cache


@cache
def silence() -> None:
    """No progress bars, hints and warnings of transformers, TRL, peft and datasets in this process.

    Errors are still raised, and still logged at level ERROR.
    """
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
    for name in ("trl", "accelerate", "peft", "torch"):
        logging.getLogger(name).setLevel(logging.ERROR)
    for package in ("transformers", "trl", "peft", "accelerate", "torch"):
        warnings.filterwarnings("ignore", module=rf"{package}\b")
