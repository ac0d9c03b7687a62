"""SafeRec-Reddit-Movie: real requests for films and the films suggested in reply."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safecrs.benchmark.assign import AssignmentPlan
from safecrs.benchmark.build import Progress, build
from safecrs.benchmark.recipes.shared import FEW_LIKED, INJECTED, spoken_tastes
from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.reddit import read_reddit
from safecrs.benchmark.store import Benchmark
from safecrs.taxonomy import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from safecrs.oracle import Oracle


def build_reddit(
    files: Mapping[Split, Path] | Path,
    oracle: Oracle,
    *,
    seed: int = 0,
    assignment: AssignmentPlan | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    progress: Progress | None = None,
) -> Benchmark:
    """Reddit-Movie requests with an assigned disclosure.

    Args:
        files: the JSON lines of each split, as they are published; or one file, split by request 70/10/20.
        oracle: an oracle over a catalog with IMDb ids (`read_reddit_items`, `read_title_basics`).

    Raises:
        SafecrsError: a file is missing or malformed, or nothing is left.
    """
    catalog = oracle.catalog
    if isinstance(files, Path):
        imports = [read_reddit(files, catalog, splitter=Splitter(seed))]
    else:
        imports = [read_reddit(path, catalog, split=split) for split, path in files.items()]
    return build(
        "SafeRec Reddit-Movie",
        imports,
        oracle,
        seed=seed,
        threshold=threshold,
        plan=assignment or FEW_LIKED,
        tastes=spoken_tastes(imports, catalog),
        notes=(INJECTED,),
        progress=progress,
    )
