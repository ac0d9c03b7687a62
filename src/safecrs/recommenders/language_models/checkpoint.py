"""A causal language model and its tokenizer, in memory or from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_folder
from safecrs.recommenders.language_models.grown import grow_embeddings
from safecrs.storage import read_json

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

ADAPTER, BASE = "adapter_config.json", "base_model_name_or_path"
"""PEFT's configuration file and the key in it that names the base model."""


@dataclass(frozen=True, slots=True)
class LanguageModel:
    """A model and its tokenizer. The model may be wrapped by PEFT, and may still be in training."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase

    @classmethod
    def load(cls, folder: Path) -> LanguageModel:
        """Read a folder written by ``save_pretrained``: a whole model, or a PEFT adapter and its base.

        Nothing is downloaded: an adapter's base must be a folder too. The adapter is merged into its base,
        which makes it as fast as a whole model. The tokenizer of an adapter folder wins over its base's. The
        model is in float32, on the GPU if there is one.
        """
        if not folder.is_dir():
            raise SafecrsError(f"{folder} is not a folder with a model; train one or download it first.")
        import torch
        from safetensors import SafetensorError
        from transformers import AutoModelForCausalLM, AutoTokenizer

        from safecrs.recommenders.language_models.quiet import silence

        silence()
        base = adapter_base(folder)
        tokenizer_folder = folder if (folder / "tokenizer_config.json").is_file() else base or folder
        try:
            model = AutoModelForCausalLM.from_pretrained(
                base or folder,
                dtype=torch.float32,
                local_files_only=True,
                use_safetensors=True,  # never a pickle
            )
            tokenizer = AutoTokenizer.from_pretrained(tokenizer_folder, local_files_only=True)
            if base is not None:
                from peft import PeftModel

                grow_embeddings(model, tokenizer)
                model = PeftModel.from_pretrained(model, folder).merge_and_unload()
        except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:200]
            raise SafecrsError(f"{folder} does not hold a causal language model ({reason}).") from error
        return cls(model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer)

    @property
    def context(self) -> int:
        """Tokens that prompt and completion may have together."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 2048)

    @property
    def ends(self) -> frozenset[int]:
        """Token ids that end a completion."""
        ids = getattr(getattr(self.model, "generation_config", None), "eos_token_id", None)
        listed = {ids} if isinstance(ids, int) else set(ids or ())
        return frozenset(listed | {self.tokenizer.eos_token_id}) - {None}

    def decode(self, tokens: Sequence[int]) -> str:
        """Token ids as text, without special tokens."""
        return str(
            self.tokenizer.decode(list(tokens), skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )


def encode(texts: Sequence[str], tokenizer: PreTrainedTokenizerBase) -> list[list[int]]:
    """Token ids of each text, without special tokens around it."""
    ids: list[list[int]] = tokenizer(list(texts), add_special_tokens=False)["input_ids"] if texts else []
    return ids


def adapter_base(folder: Path) -> Path | None:
    """The folder of an adapter's base model, named or relative to ``folder``; None without an adapter."""
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
