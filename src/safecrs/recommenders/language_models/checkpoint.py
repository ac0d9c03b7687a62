"""A causal language model and its tokenizer, in memory or from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_folder
from safecrs.recommenders.language_models.grown import grow_embeddings
from safecrs.storage import read_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Precision = Literal["float32", "bfloat16"]

ADAPTER, BASE = "adapter_config.json", "base_model_name_or_path"
"""What peft calls the file and the key in it."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """What a policy asks. The model may be wrapped by PEFT, and may still be in training."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @classmethod
    def load(cls, folder: Path, precision: Precision = "float32", device: str | None = None) -> LanguageModel:
        """Read a folder written by ``save_pretrained``: a whole model, or a PEFT adapter and its base.

        Nothing is downloaded: an adapter's base must be a folder too. The adapter is merged into its base,
        which makes it as fast as a whole model. The tokenizer of an adapter folder wins over its base's.

        Args:
            device: the GPU if there is one by default.

        Raises:
            SafecrsError: the folder is missing or does not hold such a model.
        """
        if not folder.is_dir():
            raise SafecrsError(f"{folder} is not a folder with a model; train one or download it first.")
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from safecrs.recommenders.language_models.quiet import silence

        silence()
        whole = adapter_base(folder)
        base = whole or folder
        named = folder if (folder / "tokenizer_config.json").is_file() else base
        try:
            model = AutoModelForCausalLM.from_pretrained(
                base,
                dtype=getattr(torch, precision),
                local_files_only=True,
                use_safetensors=True,  # never a pickle
            )
            tokenizer = AutoTokenizer.from_pretrained(named, local_files_only=True)
            if whole is not None:
                from peft import PeftModel

                grow_embeddings(model, tokenizer)
                model = PeftModel.from_pretrained(model, folder).merge_and_unload()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SafecrsError(f"{folder} does not hold a causal language model ({reason}).") from error
        place = device or ("cuda" if torch.cuda.is_available() else "cpu")
        return cls(model.to(place).eval(), tokenizer)

    @property
    def context(self) -> int:
        """Tokens that prompt and answer may have together."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 2048)

    @property
    def ends(self) -> frozenset[int]:
        """Tokens that end an answer."""
        config = getattr(self.model, "generation_config", None)
        ids = getattr(config, "eos_token_id", None)
        listed = {ids} if isinstance(ids, int) else set(ids or ())
        return frozenset(listed | {self.tokenizer.eos_token_id}) - {None}


def adapter_base(folder: Path) -> Path | None:
    """The base model's folder, as it is named or relative to ``folder``; None when that holds no adapter.

    Raises:
        SafecrsError: it holds one whose base model is not there.
    """
    if not (folder / ADAPTER).is_file():
        return None
    name = str(read_json(folder / ADAPTER).get(BASE, ""))
    if (folder / name / "config.json").is_file():
        return folder / name
    try:
        return base_folder(name)
    except SafecrsError as error:
        raise SafecrsError(
            f"The base model of {folder / ADAPTER}, {name!r}, is not here: {error} Or correct {BASE}."
        ) from error
