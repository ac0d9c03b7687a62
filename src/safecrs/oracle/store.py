"""The compiled oracle on disk: one safetensors file that is mapped, not read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast, get_args

from pydantic import ValidationError

from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.oracle.evidence import Evidence, SourceCount
from safecrs.oracle.fusion import Fusion
from safecrs.oracle.oracle import Oracle
from safecrs.storage import map_tensors, write_tensors
from safecrs.taxonomy import CATEGORIES, Taxonomy

_FORMAT = "safecrs-oracle"
_VERSION = 2


def save_oracle(oracle: Oracle, path: Path) -> None:
    """Write catalog, risks, evidence and taxonomy as one file; risks lie trait by trait.

    Raises:
        SafecrsError: the file cannot be written.
    """
    write_tensors(
        path,
        oracle.catalog.tensors()
        | oracle.evidence.tensors()
        | {"risk": oracle.risk.T, "doubt": oracle.doubt.T},
        {
            "format": _FORMAT,
            "version": str(_VERSION),
            "fusion": oracle.fusion,
            "fingerprint": oracle.fingerprint,
            "taxonomy": oracle.taxonomy.model_dump_json(),
            "sources": json.dumps(
                {name: [count.advisories, count.resolved] for name, count in oracle.sources.items()}
            ),
            "evidence_sources": json.dumps(oracle.evidence.sources),
        },
    )


def load_oracle(path: Path) -> Oracle:
    """Map what `save_oracle` wrote.

    Raises:
        SafecrsError: the file is missing, damaged, not an oracle, or of another format version.
    """
    tensors, metadata = map_tensors(path)
    if metadata.get("format") != _FORMAT:
        raise SafecrsError(f"{path} is not a compiled oracle; compile one from a catalog and advisories.")
    version = metadata.get("version", "")
    if version != str(_VERSION):
        newer = version.isdigit() and int(version) > _VERSION
        remedy = "update safecrs" if newer else "compile it again"
        raise SafecrsError(
            f"{path} has oracle format {version or 'unknown'}, this safecrs reads {_VERSION}; {remedy}."
        )
    try:
        taxonomy = Taxonomy.model_validate_json(metadata["taxonomy"])
        fusion = metadata["fusion"]
        if fusion not in get_args(Fusion):
            raise ValueError(f"fusion {fusion!r}")
        evidence = Evidence(
            (*CATEGORIES, *taxonomy.topics), tuple(json.loads(metadata["evidence_sources"])), tensors
        )
        oracle = Oracle(
            Catalog(taxonomy.domain, tensors),
            taxonomy,
            tensors["risk"].T,
            tensors["doubt"].T,
            evidence,
            fusion=cast(Fusion, fusion),
            sources={name: SourceCount(*pair) for name, pair in json.loads(metadata["sources"]).items()},
        )
        oracle.__dict__["fingerprint"] = metadata["fingerprint"]
    except (KeyError, ValueError, TypeError, AttributeError, ValidationError, SafecrsError) as error:
        reason = "its taxonomy" if isinstance(error, ValidationError) else str(error).rstrip(".")
        raise SafecrsError(f"{path} is damaged ({reason}); compile it again.") from error
    return oracle
