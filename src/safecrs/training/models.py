"""Where the model that is trained comes from."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safecrs.benchmark import Benchmark
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.policies.bases import base_folder
from safecrs.policies.quiet import silence
from safecrs.policies.tastes import taste_rows
from safecrs.storage import atomic_folder, fingerprint, read_json, write_json
from safecrs.training.item_vectors import content_vectors, taste_vectors
from safecrs.training.preset import ModelSpec
from safecrs.training.processes import main_first
from safecrs.training.tiny import save_tiny

MADE_FROM = "made_from.json"
"""In the folder of a tiny model: a fingerprint of what it was made from."""


def base_model(spec: ModelSpec, benchmark: Benchmark, oracle: Oracle, folder: Path, seed: int = 0) -> Path:
    """A folder with the untrained model and its tokenizer, made on first use by the main process.

    Args:
        benchmark: the wording of its training samples gives a tiny model its vocabulary, the tastes of its
            training people the first item vectors.
        oracle: the titles of its catalog become tokens of a tiny model, what it knows of them part of their
            vectors.
        folder: where a tiny model is written.

    Raises:
        SafecrsError: the model is not installed or downloaded, ``spec.name`` names neither a model nor a
            folder, or ``folder`` holds a tiny model of another size, seed, wording or catalog.
    """
    silence()
    with main_first():
        return _base_model(spec, benchmark, oracle, folder, seed)


def _base_model(spec: ModelSpec, benchmark: Benchmark, oracle: Oracle, folder: Path, seed: int) -> Path:
    if spec.name == "tiny":
        samples, catalog = benchmark.split("train"), oracle.catalog
        texts = [message.content for sample in samples for message in sample.prompt]
        texts += sorted({sample.reasoning for sample in samples})
        tastes = taste_rows(benchmark.tastes, catalog)
        made_from = fingerprint(
            spec.size.model_dump_json(),
            str(seed),
            *texts,
            oracle.fingerprint,
            *(taste.tobytes() for taste in tastes),
        )
        record = folder / MADE_FROM
        if not (folder / "config.json").is_file():
            phrases = [trait.avoid for trait in oracle.taxonomy.traits]  # as the safety analysis puts it
            vectors = [
                taste_vectors(tastes, len(catalog), spec.size.tastes, seed),
                content_vectors(oracle.risk),
            ]
            with atomic_folder(folder) as temporary:
                save_tiny(temporary, texts, catalog.labels, spec.size, seed, vectors, phrases)
                write_json(temporary / MADE_FROM, made_from)
        elif record.is_file() and read_json(record) != made_from:
            raise SafecrsError(
                f"{folder} holds a tiny model of another size, seed or catalog; choose another folder or "
                "delete this one."
            )
        return folder
    return base_folder(spec.name)


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
