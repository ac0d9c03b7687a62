"""Small copies of trained adapters, to be shipped or passed on."""

from __future__ import annotations

import shutil
from pathlib import Path

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.checkpoint import ADAPTER, BASE
from safecrs.storage import atomic_folder, read_json
from safecrs.training.runs.model_card import CARD
from safecrs.training.runs.selection import copy_model

_WEIGHTS = "adapter_model.safetensors"


def pack_adapter(model: Path, out: Path) -> None:
    """Write the adapters in ``model`` into ``out`` in half the size: their numbers as bfloat16.

    What is needed to ask them goes along, and their card; the base model does not.

    Raises:
        SafecrsError: ``model`` holds no adapters, or such that need a folder of this machine, or ``out`` is
            there already or cannot be written.
    """
    if not (model / ADAPTER).is_file() or not (model / _WEIGHTS).is_file():
        raise SafecrsError(f"{model} holds no adapters; only those can be packed (model.lora in a preset).")
    base = str(read_json(model / ADAPTER).get(BASE, ""))
    if (model / base).exists():  # also where the name is a whole path
        raise SafecrsError(
            f"The adapters in {model} are of use only beside their base, {base}: pass on both folders as "
            "they are, or train adapters of a model that has a name (smollm2, OWNER/NAME)."
        )
    if out.exists():
        raise SafecrsError(f"{out} is there already; choose another folder or delete it.")
    import torch
    from safetensors.torch import load_file, save_file

    halved = {
        name: tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
        for name, tensor in load_file(model / _WEIGHTS).items()
    }
    with atomic_folder(out) as temporary:
        copy_model(model, temporary)
        if (model / CARD).is_file():
            shutil.copyfile(model / CARD, temporary / CARD)
        save_file(halved, temporary / _WEIGHTS, {"format": "pt"})
