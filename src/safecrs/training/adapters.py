"""The model a run starts from: whole, with fresh low-rank adapters, or with those an earlier run trained."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from safecrs.policies.bases import base_name
from safecrs.policies.checkpoint import ADAPTER, BASE, adapter_base
from safecrs.storage import read_json, write_json
from safecrs.training.preset import LoraSpec, ModelSpec


def load_trainable(base: Path, spec: ModelSpec) -> tuple[Any, Any]:
    """The model in ``base``, and peft's configuration where TRL is to add adapters to it.

    Adapters that ``base`` holds are trained on as they are, with their own rank; a KL term then compares with
    a copy of them. Without adapters in ``spec`` they are merged and all weights are trained.

    Raises:
        SafecrsError: ``base`` holds adapters whose base model is gone.
    """
    import torch
    from transformers import AutoModelForCausalLM

    whole = adapter_base(base)
    model = AutoModelForCausalLM.from_pretrained(
        whole or base, dtype=getattr(torch, spec.dtype), use_safetensors=True
    )
    if whole is None:
        return model, _lora_config(spec.lora)
    from peft import PeftModel

    adapted = PeftModel.from_pretrained(model, base, is_trainable=spec.lora is not None)
    # When peft saves, it looks for a base that is no folder on the hub.
    adapted.peft_config["default"].base_model_name_or_path = str(whole)
    return (adapted.merge_and_unload() if spec.lora is None else adapted), None


def drop_other_adapters(folder: Path) -> None:
    """Leave what was trained: TRL's frozen copy of it, for the KL term, lies in a folder of its own."""
    for config in folder.glob(f"*/{ADAPTER}"):
        shutil.rmtree(config.parent)


def name_base(folder: Path) -> None:
    """Let the adapters in ``folder``, if that holds any, name their base as it is found on any machine."""
    path = folder / ADAPTER
    if path.is_file():
        config = read_json(path)
        config[BASE] = base_name(Path(config[BASE]))
        write_json(path, config)


def _lora_config(lora: LoraSpec | None) -> Any:
    """peft's configuration, None for full fine-tuning."""
    if lora is None:
        return None
    from peft import LoraConfig

    modules = lora.target_modules if isinstance(lora.target_modules, str) else list(lora.target_modules)
    return LoraConfig(
        **lora.model_dump(exclude={"target_modules"}), target_modules=modules, task_type="CAUSAL_LM"
    )
