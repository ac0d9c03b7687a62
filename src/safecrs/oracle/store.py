"""The compiled oracle on disk: one safetensors file that is mapped, not read.

The header holds a checksum of every array and one of itself. Loading always checks the header, and the arrays
of files up to 16 MiB, which takes milliseconds; `verify_oracle` reads larger ones through too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.oracle.evidence import Evidence, SourceCount
from safecrs.oracle.fusion import Fusion
from safecrs.oracle.oracle import Oracle
from safecrs.storage import Tensors, fingerprint, map_tensors, write_tensors
from safecrs.taxonomy import CATEGORIES, Taxonomy

_FORMAT = "safecrs-oracle"
_VERSION = 4
_READ = ("3", "4")  # in 3, evidence holds only topics of the taxonomy, and possible_risk is "doubt"
_SMALL = 16 * 2**20
_OF_ARRAYS, _OF_HEADER = "checksums", "checksum"


def save_oracle(oracle: Oracle, path: Path) -> None:
    """Write catalog, risks, evidence and taxonomy as one file; risks lie trait by trait.

    Raises:
        SafecrsError: the file cannot be written.
    """
    tensors = (
        oracle.catalog.tensors()
        | oracle.evidence.tensors()
        | {"risk": oracle.risk.T, "possible_risk": oracle.possible_risk.T}
    )
    metadata = {
        "format": _FORMAT,
        "version": str(_VERSION),
        "fusion": oracle.fusion,
        "fingerprint": oracle.fingerprint,
        "taxonomy": oracle.taxonomy.model_dump_json(),
        "sources": json.dumps(
            {name: [count.advisories, count.resolved] for name, count in oracle.sources.items()}
        ),
        "evidence_sources": json.dumps(oracle.evidence.sources),
        "evidence_subjects": json.dumps(oracle.evidence.subjects),
    }
    write_tensors(path, tensors, sealed(tensors, metadata))


def load_oracle(path: Path) -> Oracle:
    """Map what `save_oracle` wrote.

    Raises:
        SafecrsError: the file is missing, damaged, not an oracle, or of another format version.
    """
    tensors, metadata = _opened(path)
    _check(path, tensors, metadata, whole=sum(array.nbytes for array in tensors.values()) <= _SMALL)
    try:
        taxonomy = Taxonomy.model_validate_json(metadata["taxonomy"])
        fusion = metadata["fusion"]
        if fusion not in get_args(Fusion):
            raise ValueError(f"fusion {fusion!r}")
        subjects = (*CATEGORIES, *taxonomy.topics)
        if "evidence_subjects" in metadata:
            subjects = tuple(json.loads(metadata["evidence_subjects"]))
        evidence = Evidence(subjects, tuple(json.loads(metadata["evidence_sources"])), tensors)
        oracle = Oracle(
            Catalog(taxonomy.domain, tensors),
            taxonomy,
            tensors["risk"].T,
            tensors["possible_risk" if "possible_risk" in tensors else "doubt"].T,
            evidence,
            fusion=cast(Fusion, fusion),
            sources={name: SourceCount(*pair) for name, pair in json.loads(metadata["sources"]).items()},
        )
        oracle.__dict__["fingerprint"] = metadata["fingerprint"]
    except (KeyError, ValueError, TypeError, AttributeError, ValidationError, SafecrsError) as error:
        reason = "its taxonomy" if isinstance(error, ValidationError) else str(error).rstrip(".")
        raise SafecrsError(f"{path} is damaged ({reason}); compile it again.") from error
    return oracle


def verify_oracle(path: Path) -> Oracle:
    """Load an oracle after reading all of its file against its checksums.

    Raises:
        SafecrsError: as `load_oracle`; names the first array that is damaged.
    """
    tensors, metadata = _opened(path)
    _check(path, tensors, metadata, whole=True)
    return load_oracle(path)


def sealed(tensors: Tensors, metadata: Mapping[str, str]) -> dict[str, str]:
    """``metadata`` with the checksums of ``tensors`` and of the header."""
    held = dict(metadata) | {
        _OF_ARRAYS: json.dumps({name: _checksum(array) for name, array in sorted(tensors.items())})
    }
    return held | {_OF_HEADER: _of_header(tensors, held)}


def _opened(path: Path) -> tuple[Tensors, dict[str, str]]:
    tensors, metadata = map_tensors(path)
    if metadata.get("format") != _FORMAT:
        raise SafecrsError(f"{path} is not a compiled oracle; compile one from a catalog and advisories.")
    version = metadata.get("version", "")
    if version not in _READ:
        newer = version.isdigit() and int(version) > _VERSION
        remedy = "update safecrs" if newer else "compile it again"
        raise SafecrsError(
            f"{path} has oracle format {version or 'unknown'}, this safecrs reads {_VERSION}; {remedy}."
        )
    return tensors, metadata


def _check(path: Path, tensors: Tensors, metadata: Mapping[str, str], *, whole: bool) -> None:
    """Compare the header, and with ``whole`` every array, to the checksums.

    Raises:
        SafecrsError: one differs.
    """
    if metadata.get(_OF_HEADER) != _of_header(tensors, metadata):
        raise SafecrsError(f"{path} is damaged (its header); compile it again.")
    if whole:
        for name, checksum in json.loads(metadata[_OF_ARRAYS]).items():
            if _checksum(tensors[name]) != checksum:
                raise SafecrsError(f"{path} is damaged (its array {name!r}); compile it again.")


def _of_header(tensors: Tensors, metadata: Mapping[str, str]) -> str:
    form = {name: (array.dtype.str, array.shape) for name, array in sorted(tensors.items())}
    held = sorted((key, value) for key, value in metadata.items() if key != _OF_HEADER)
    return fingerprint(json.dumps([form, held]))


def _checksum(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()[:16]
