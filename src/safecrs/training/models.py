"""Where the model that is trained comes from."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from safecrs.benchmark import Sample
from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.storage import atomic_folder
from safecrs.training.preset import ModelSpec
from safecrs.training.smollm2 import convert_smollm2
from safecrs.training.tiny import save_tiny


def cache_folder() -> Path:
    """Where converted models are kept: ``SAFECRS_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("SAFECRS_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "safecrs"


def base_model(
    spec: ModelSpec, samples: Sequence[Sample], catalog: Catalog, folder: Path, seed: int = 0
) -> Path:
    """A folder with the untrained model and its tokenizer, made on first use.

    Args:
        samples: training samples, whose wording gives the tiny model its vocabulary.
        catalog: its labels become tokens of the tiny model.
        folder: where a tiny model is written.

    Raises:
        SafecrsError: the model is not installed, or ``spec.name`` names neither a model nor a folder.
    """
    if spec.name == "tiny":
        if not (folder / "config.json").is_file():
            texts = [message.content for sample in samples for message in sample.prompt]
            texts += sorted({sample.reasoning for sample in samples})
            with atomic_folder(folder) as temporary:
                save_tiny(temporary, texts, catalog.labels, spec.size, seed)
        return folder
    if spec.name == "smollm2":
        converted = cache_folder() / "smollm2-135m-instruct"
        if not (converted / "config.json").is_file():
            convert_smollm2(converted)
        return converted
    chosen = Path(spec.name)
    if not (chosen / "config.json").is_file():
        raise SafecrsError(
            f"{spec.name} is not a model folder (it has no config.json): give tiny, smollm2, or the folder "
            "of a downloaded model."
        )
    return chosen


def model_fingerprint(folder: Path) -> str:
    """Changes when the weights of the model in ``folder`` do."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        raise SafecrsError(f"{folder} holds no model weights.")
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]
