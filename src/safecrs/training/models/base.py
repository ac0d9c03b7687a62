"""The untrained model that training starts from: made for a catalog, extended by its titles, or as it is."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safecrs.benchmark import Benchmark
from safecrs.errors import SafecrsError
from safecrs.recommenders.histories import history_rows
from safecrs.recommenders.language_models.bases import base_folder
from safecrs.recommenders.language_models.quiet import silence
from safecrs.storage import atomic_folder, fingerprint, read_json, write_json
from safecrs.training.models.item_tokens import COLIKES, colike_vectors, risk_vectors, save_with_item_tokens
from safecrs.training.models.spec import TINY, ModelSpec
from safecrs.training.models.tiny import save_tiny
from safecrs.training.runs.processes import main_first

MADE_FROM = "made_from.json"
"""In the folder of a model made for a catalog: a fingerprint of what it was made from."""


def base_model(spec: ModelSpec, benchmark: Benchmark, folder: Path, seed: int = 0) -> Path:
    """A folder with the untrained model and its tokenizer, made on first use by the main process.

    Args:
        benchmark: a tiny model's vocabulary comes from the wording of its training samples, the first item
            vectors from the histories of its training people. The titles of its oracle's catalog become
            tokens of a tiny model, or of one with item tokens; the oracle's risks are part of their vectors.
        folder: where such a model is written.
    """
    silence()
    with main_first():
        base = None if spec.name == TINY else base_folder(spec.name)
        return base if base and not spec.item_tokens else _make(spec, base, benchmark, folder, seed)


def _make(spec: ModelSpec, base: Path | None, benchmark: Benchmark, folder: Path, seed: int) -> Path:
    """A tiny model, or ``base`` with item tokens, in ``folder``, unless it is there already."""
    oracle = benchmark.oracle
    histories = history_rows(benchmark.histories, oracle.catalog)
    texts: list[str] = []
    if base is None:
        samples = benchmark.split("train")
        texts = [message.content for sample in samples for message in sample.prompt]
        texts += sorted({sample.reasoning for sample in samples})
    kind = model_fingerprint(base) if base else spec.size.model_dump_json()
    data = [history.tobytes() for history in histories]
    made_from = fingerprint(kind, str(seed), *texts, oracle.fingerprint, *data)
    record = folder / MADE_FROM
    if (folder / "config.json").is_file():
        if record.is_file() and read_json(record) != made_from:
            raise SafecrsError(
                f"{folder} holds a model of another size, seed or catalog; choose another folder or delete "
                "this one."
            )
        return folder
    size = COLIKES if base else spec.size.tastes
    vectors = colike_vectors(histories, len(oracle.catalog), size, seed), risk_vectors(oracle.risk)
    labels, phrases = oracle.catalog.labels, [trait.avoid for trait in oracle.taxonomy.traits]
    with atomic_folder(folder) as temporary:
        if base:
            save_with_item_tokens(temporary, base, labels, *vectors, phrases, seed)
        else:
            save_tiny(temporary, texts, labels, spec.size, seed, vectors, phrases)
        write_json(temporary / MADE_FROM, made_from)
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
