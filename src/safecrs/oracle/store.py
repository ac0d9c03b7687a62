"""The compiled oracle on disk: one safetensors file that is mapped, not read.

The header holds a checksum of every array and one of itself. Loading checks the header, and in files up to
256 MiB the arrays too (about 50 ms for 80 MB), once for each file in a process; `Oracle.load` with ``whole``
checks larger ones as well.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.oracle.evidence import Evidence, SourceCount
from safecrs.oracle.fusion import Fusion
from safecrs.storage import Tensors, fingerprint, map_tensors, write_tensors
from safecrs.taxonomy import Taxonomy

Made = TypeVar("Made")

_FORMAT = "safecrs-oracle"
_VERSION = 6
_CHECKED_UP_TO = 256 * 2**20
_SETTLED = 2_000_000_000
"""Nanoseconds after which a write to a file surely changes its time of modification."""
_OF_ARRAYS, _OF_HEADER = "checksums", "checksum"
_checked: set[tuple[int, int, int, int]] = set()
"""Device, inode, size and time of modification of the files whose arrays this process has checked."""


def write_oracle(
    path: Path,
    catalog: Catalog,
    taxonomy: Taxonomy,
    risk: NDArray[np.float32],
    possible_risk: NDArray[np.float32],
    evidence: Evidence,
    *,
    fusion: Fusion,
    sources: Mapping[str, SourceCount],
    fingerprint: str,
) -> None:
    """Write what an oracle consists of as one file, atomically; risks lie trait by trait."""
    tensors = catalog.tensors() | evidence.tensors | {"risk": risk.T, "possible_risk": possible_risk.T}
    metadata = {
        "format": _FORMAT,
        "version": str(_VERSION),
        "fusion": fusion,
        "fingerprint": fingerprint,
        "taxonomy": taxonomy.model_dump_json(),
        "sources": json.dumps({name: [count.advisories, count.resolved] for name, count in sources.items()}),
        "evidence_sources": json.dumps(evidence.sources),
        "evidence_subjects": json.dumps(evidence.subjects),
    }
    write_tensors(path, tensors, sealed(tensors, metadata))


def read_oracle(path: Path, make: Callable[..., Made], *, whole: bool = False) -> Made:
    """Map what `write_oracle` wrote and give it to ``make``, the class `Oracle`."""
    tensors, metadata = _opened(path)
    stat = path.stat()
    identity = stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns
    arrays = whole or (stat.st_size <= _CHECKED_UP_TO and identity not in _checked)
    try:
        _check(tensors, metadata, arrays)
        taxonomy = Taxonomy.model_validate_json(metadata["taxonomy"])
        fusion = metadata["fusion"]
        if fusion not in get_args(Fusion):
            raise ValueError(f"fusion {fusion!r}")
        subjects = tuple(json.loads(metadata["evidence_subjects"]))
        evidence = Evidence(subjects, tuple(json.loads(metadata["evidence_sources"])), tensors)
        oracle = make(
            Catalog(taxonomy.domain, tensors),
            taxonomy,
            tensors["risk"].T,
            tensors["possible_risk"].T,
            evidence,
            fusion=fusion,
            sources={name: SourceCount(*pair) for name, pair in json.loads(metadata["sources"]).items()},
        )
        vars(oracle)["fingerprint"] = metadata["fingerprint"]
    except (
        *(LookupError, ValueError, TypeError, AttributeError, ArithmeticError, RecursionError),
        SafecrsError,
    ) as error:
        reason = "its taxonomy" if isinstance(error, ValidationError) else str(error).rstrip(".")
        raise SafecrsError(
            f"{path} is damaged ({reason[:200]}); make it again with `safecrs oracle compile`."
        ) from error
    if arrays and time.time_ns() - stat.st_mtime_ns > _SETTLED:
        _checked.add(identity)
    return oracle


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
    version = metadata.get("version", "unknown")[:20]
    if version != str(_VERSION):
        newer = version.isdecimal() and int(version) > _VERSION
        remedy = "update safecrs" if newer else "make it again with `safecrs oracle compile`"
        raise SafecrsError(f"{path} has oracle format {version}, this safecrs reads {_VERSION}; {remedy}.")
    return tensors, metadata


def _check(tensors: Tensors, metadata: Mapping[str, str], arrays: bool) -> None:
    """Raise a ValueError if the header, or with ``arrays`` one of these, differs from its checksum."""
    if metadata.get(_OF_HEADER) != _of_header(tensors, metadata):
        raise ValueError("its header")
    for name, checksum in json.loads(metadata[_OF_ARRAYS]).items() if arrays else ():
        if _checksum(tensors[name]) != checksum:
            raise ValueError(f"its array {name!r}")


def _of_header(tensors: Tensors, metadata: Mapping[str, str]) -> str:
    form = {name: (array.dtype.str, array.shape) for name, array in sorted(tensors.items())}
    held = sorted((key, value) for key, value in metadata.items() if key != _OF_HEADER)
    return fingerprint(json.dumps([form, held]))


def _checksum(array: NDArray[Any]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data).hexdigest()[:16]
