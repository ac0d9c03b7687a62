"""Which model is trained: the table ``[model]`` of a preset."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from safecrs.training.models.tiny import TinySize

TINY = "tiny"
"""The name of the model that is made for a catalog, and of its preset."""


class LoraSpec(BaseModel, frozen=True, extra="forbid"):
    """Low-rank adapters (Hu et al. 2021) instead of full fine-tuning; names as in peft's ``LoraConfig``."""

    r: int = Field(default=16, gt=0)
    lora_alpha: int = Field(default=32, gt=0)
    lora_dropout: float = Field(default=0.0, ge=0, lt=1)
    target_modules: str | list[str] = "all-linear"


class ModelSpec(BaseModel, frozen=True, extra="forbid"):
    """Which model is trained.

    Attributes:
        name: "tiny" (made for the catalog), "smollm2" (from a Python package), the folder of any causal
            language model that transformers loads, or the hub id of one that was downloaded.
        size: architecture of the tiny model.
        dtype: of the weights.
        lora: adapters; None trains all weights.
        item_tokens: whether every title of the catalog becomes one token (always true of the tiny model).
    """

    name: str = TINY
    size: TinySize = TinySize()
    dtype: Literal["float32", "bfloat16"] = "float32"
    lora: LoraSpec | None = None
    item_tokens: bool = False
