"""Language models by name: out of a Python package, downloaded from the hub, or in a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.grown import GROWN
from safecrs.recommenders.language_models.smollm2 import convert_smollm2
from safecrs.storage import read_json

SMOLLM2 = "smollm2"
MODEL_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
"""Of a model's folder: weights, tokenizer and their configuration, no code and no pickle."""
_CACHED = "models--"  # a folder of the hub's cache: models--owner--name
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def base_folder(name: str) -> Path:
    """The folder of the model called ``name``; SmolLM2 is converted when it is first asked for.

    Args:
        name: "smollm2", the folder of any causal language model that transformers loads, or the hub id of
            one that was downloaded.

    Raises:
        SafecrsError: the model is not installed or downloaded, or ``name`` names neither a model nor a
            folder.
    """
    if name == SMOLLM2:
        converted = _smollm2_folder()
        if not (converted / "config.json").is_file():
            convert_smollm2(converted)
        return converted
    chosen = Path(name)
    if not chosen.exists() and _HUB_ID.fullmatch(name):
        return _downloaded(name)
    if not (chosen / "config.json").is_file():
        raise SafecrsError(
            f"{name} is not a model folder (it has no config.json): give tiny, smollm2, or the folder "
            "of a downloaded model."
        )
    return chosen


def base_name(folder: Path) -> str:
    """What `base_folder` finds ``folder`` by, on other machines too where that is a name.

    Of a model with added tokens it is what that was made from: adapters bring the rows of such tokens.
    """
    if (folder / GROWN).is_file():
        return str(read_json(folder / GROWN)["base"])
    return SMOLLM2 if folder == _smollm2_folder() else hub_id(folder) or str(folder.resolve())


def hub_id(folder: Path) -> str | None:
    """The name on the Hugging Face hub of a model in the hub's own cache; None for any other folder."""
    cached = (part for part in folder.resolve().parts if part.startswith(_CACHED))
    return next((part.removeprefix(_CACHED).replace("--", "/") for part in cached), None)


def _smollm2_folder() -> Path:
    """In ``SAFECRS_CACHE``, else in the user's cache folder."""
    chosen = os.environ.get("SAFECRS_CACHE")
    cache = Path(chosen or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "safecrs")
    return cache / "smollm2-135m-instruct"


def _downloaded(name: str) -> Path:
    """The folder of a model of the Hugging Face hub in the hub's own cache; nothing is ever downloaded here.

    Raises:
        SafecrsError: the model was not downloaded, or only in part, or not as safetensors.
    """
    from huggingface_hub import snapshot_download

    try:
        folder = Path(
            snapshot_download(
                name, local_files_only=True, allow_patterns=list(MODEL_FILES), ignore_patterns=["*/*"]
            )
        )
        if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
            return folder
    except (OSError, ValueError):  # not there, cut short, or no name that the hub could have
        pass
    raise SafecrsError(
        f"The model {name} is not on this machine: download it with `hf download {name}`, or give the folder "
        "of a copy."
    )
