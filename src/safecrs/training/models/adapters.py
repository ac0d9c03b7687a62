"""Low-rank adapters: the trainable model that a run starts from, and passing trained ones on."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import MODEL_FILES, base_name
from safecrs.recommenders.language_models.checkpoint import ADAPTER, BASE, adapter_base
from safecrs.recommenders.language_models.grown import GROWN, grow_embeddings
from safecrs.storage import atomic_folder, read_json, write_json
from safecrs.training.models.spec import ModelSpec

_WEIGHTS = "adapter_model.safetensors"


def load_trainable(base: Path, spec: ModelSpec) -> tuple[Any, Any]:
    """The model in ``base``, and peft's configuration where TRL is to add adapters to it.

    Adapters in ``base`` are trained further with their own rank, and a frozen copy of them is the reference.
    Without adapters in ``spec`` they are merged and all weights are trained.
    """
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    whole, lora = adapter_base(base), spec.lora
    model = AutoModelForCausalLM.from_pretrained(
        whole or base, dtype=getattr(torch, spec.dtype), use_safetensors=True
    )
    if whole is None:
        if lora is None:
            return model, None
        config = LoraConfig(**lora.model_dump(), task_type="CAUSAL_LM")
        if not (base / GROWN).is_file():
            return model, config
        config.trainable_token_indices = _added_tokens(base, model, AutoTokenizer.from_pretrained(base))
        return _for_trl(get_peft_model(model, config), base), None
    grow_embeddings(model, AutoTokenizer.from_pretrained(base))
    adapted = PeftModel.from_pretrained(model, base, is_trainable=lora is not None)
    return (adapted.merge_and_unload() if lora is None else _for_trl(adapted, whole)), None


def _for_trl(adapted: Any, base: Path) -> Any:
    """A model with adapters on the model in ``base``, as TRL can train and save it."""
    # When peft saves, it looks on the hub for a base that is no folder.
    adapted.peft_config["default"].base_model_name_or_path = str(base)
    # Where the vocabulary was extended it would save all embeddings, not the new rows alone.
    adapted.save_pretrained = partial(adapted.save_pretrained, save_embedding_layers=False)
    # TRL asks the head for a bias, which peft's wrapper around new rows does not pass on.
    head = adapted.get_output_embeddings()
    if not hasattr(head, "bias"):
        head.bias = None
    return adapted


def has_item_tokens(model: Path) -> bool:
    """Whether tokens were added to the model in ``model``, or to the one that its adapters adapt."""
    adapters = read_json(model / ADAPTER) if (model / ADAPTER).is_file() else {}
    return (model / GROWN).is_file() or bool(adapters.get("trainable_token_indices"))


def copy_whole_rows(model: Any) -> None:
    """Give TRL's frozen copy of an adapter ("ref") the rows of tokens that are trained whole.

    TRL copies the low-rank matrices alone; without the rows the reference would know no title.
    """
    parameters = dict(model.named_parameters())
    for name, parameter in parameters.items():
        twin = parameters.get(f"{name.removesuffix('default')}ref") if name.endswith(".default") else None
        if twin is not None:
            twin.data.copy_(parameter.data)


def drop_other_adapters(folder: Path) -> None:
    """Delete TRL's frozen copy of the adapters, which it saves in a folder of its own."""
    for config in folder.glob(f"*/{ADAPTER}"):
        shutil.rmtree(config.parent)


def pack_adapter(model: Path, out: Path) -> None:
    """Write the adapters in ``model`` into ``out`` in half the size, as bfloat16, with tokenizer and card.

    The base model is not copied.
    """
    if not (model / ADAPTER).is_file() or not (model / _WEIGHTS).is_file():
        missing = "holds no adapters" if model.is_dir() else "does not exist"
        raise SafecrsError(f"{model} {missing}; only those can be packed (model.lora in a preset).")
    base = str(read_json(model / ADAPTER).get(BASE, ""))
    if (model / base).exists():  # also where the name is an absolute path
        raise SafecrsError(
            f"The adapters in {model} work only beside their base, {base}: pass on both folders as they are, "
            "or train adapters of a model that has a name (smollm2, OWNER/NAME)."
        )
    if out.exists():
        raise SafecrsError(f"{out} exists already; choose another folder or delete it.")
    import torch
    from safetensors.torch import load_file, save_file

    halved = {
        name: tensor.to(torch.bfloat16) if tensor.is_floating_point() else tensor
        for name, tensor in load_file(model / _WEIGHTS).items()
    }
    with atomic_folder(out) as temporary:
        for pattern in (*MODEL_FILES, "README.md"):
            for path in model.glob(pattern):
                shutil.copyfile(path, temporary / path.name)
        save_file(halved, temporary / _WEIGHTS, {"format": "pt"})


def name_base(folder: Path) -> None:
    """Let adapters in ``folder`` name their base as any machine finds it."""
    path = folder / ADAPTER
    if path.is_file():
        config = read_json(path)
        config[BASE] = base_name(Path(config[BASE]))
        write_json(path, config)


def _added_tokens(base: Path, model: Any, tokenizer: Any) -> dict[str, list[int]]:
    """The rows that are trained whole, by module: of the input and of a head with a table of its own."""
    tables, head = [model.get_input_embeddings()], model.get_output_embeddings()
    if head.weight is not tables[0].weight:
        tables.append(head)
    rows = list(range(int(read_json(base / GROWN)["first"]), len(tokenizer)))
    return {name: rows for name, module in model.named_modules() if any(module is table for table in tables)}
