"""Where the model that is trained comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import Benchmark
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.recommenders.histories import history_rows
from safecrs.recommenders.language_models.bases import base_folder
from safecrs.recommenders.language_models.quiet import silence
from safecrs.storage import atomic_folder, fingerprint, read_json, write_json
from safecrs.training.models.item_tokens import TASTES, save_with_item_tokens
from safecrs.training.models.item_vectors import content_vectors, taste_vectors
from safecrs.training.models.spec import TINY, ModelSpec
from safecrs.training.models.tiny import save_tiny
from safecrs.training.runs.processes import main_first

MADE_FROM = "made_from.json"
"""In the folder of a model made for a catalog: a fingerprint of what it was made from."""


def base_model(spec: ModelSpec, benchmark: Benchmark, oracle: Oracle, folder: Path, seed: int = 0) -> Path:
    """A folder with the untrained model and its tokenizer, made on first use by the main process.

    Args:
        benchmark: the wording of its training samples gives a tiny model its vocabulary, the tastes of its
            training people the first item vectors.
        oracle: the titles of its catalog become tokens of a tiny model, or of one with item tokens, what it
            knows of them part of their vectors.
        folder: where such a model is written.

    Raises:
        SafecrsError: the model is not installed or downloaded, ``spec.name`` names neither a model nor a
            folder, or ``folder`` holds a model of another size, seed, wording or catalog.
    """
    silence()
    with main_first():
        if spec.name == TINY:
            return _tiny(spec, benchmark, oracle, folder, seed)
        base = base_folder(spec.name)
        return _with_item_tokens(base, benchmark, oracle, folder, seed) if spec.item_tokens else base


def _tiny(spec: ModelSpec, benchmark: Benchmark, oracle: Oracle, folder: Path, seed: int) -> Path:
    texts = [message.content for sample in benchmark.split("train") for message in sample.prompt]
    texts += sorted({sample.reasoning for sample in benchmark.split("train")})

    def make(temporary: Path) -> None:
        save_tiny(
            temporary,
            texts,
            oracle.catalog.labels,
            spec.size,
            seed,
            _item_vectors(benchmark, oracle, spec.size.tastes, seed),
            _phrases(oracle),
        )

    return _made(folder, make, spec.size.model_dump_json(), str(seed), *texts, *_known(benchmark, oracle))


def _with_item_tokens(base: Path, benchmark: Benchmark, oracle: Oracle, folder: Path, seed: int) -> Path:
    def make(temporary: Path) -> None:
        vectors = _item_vectors(benchmark, oracle, TASTES, seed)
        save_with_item_tokens(temporary, base, oracle.catalog.labels, *vectors, _phrases(oracle), seed)

    return _made(folder, make, model_fingerprint(base), str(seed), *_known(benchmark, oracle))


def _item_vectors(
    benchmark: Benchmark, oracle: Oracle, size: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What people like together, [items, size], and what the oracle knows, [items, traits]."""
    tastes = history_rows(benchmark.histories, oracle.catalog)
    return taste_vectors(tastes, len(oracle.catalog), size, seed), content_vectors(oracle.risk)


def _phrases(oracle: Oracle) -> list[str]:
    """Each trait as the safety analysis puts it."""
    return [trait.avoid for trait in oracle.taxonomy.traits]


def _known(benchmark: Benchmark, oracle: Oracle) -> list[str | bytes]:
    """What decides the item vectors."""
    return [
        oracle.fingerprint,
        *(taste.tobytes() for taste in history_rows(benchmark.histories, oracle.catalog)),
    ]


def _made(folder: Path, make: Callable[[Path], None], *made_from: str | bytes) -> Path:
    """The model in ``folder``, which ``make`` writes where there is none.

    Raises:
        SafecrsError: it was made from something else.
    """
    told, record = fingerprint(*made_from), folder / MADE_FROM
    if not (folder / "config.json").is_file():
        with atomic_folder(folder) as temporary:
            make(temporary)
            write_json(temporary / MADE_FROM, told)
    elif record.is_file() and read_json(record) != told:
        raise SafecrsError(
            f"{folder} holds a model of another size, seed or catalog; choose another folder or delete this "
            "one."
        )
    return folder


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
