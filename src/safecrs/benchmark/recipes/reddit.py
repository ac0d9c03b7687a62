"""SafeRec-Reddit-Movie: real requests for films and the films suggested in reply."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safecrs.benchmark.build import build
from safecrs.benchmark.options import DEFAULTS, BuildOptions
from safecrs.benchmark.recipes.shared import FEW_LIKED, INJECTED, spoken_histories
from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.reddit import read_reddit
from safecrs.benchmark.store import Benchmark

if TYPE_CHECKING:
    from safecrs.oracle import Oracle


def build_reddit(
    files: Mapping[Split, Path] | Path,
    oracle: Oracle,
    options: BuildOptions = DEFAULTS,
) -> Benchmark:
    """Reddit-Movie requests with an assigned disclosure.

    Args:
        files: the JSON lines of each split, as they are published; or one file, split by request 70/10/20.
        oracle: an oracle over a catalog with IMDb ids (`read_reddit_items`, `read_title_basics`).
    """
    catalog = oracle.catalog
    if isinstance(files, Path):
        imports = [read_reddit(files, catalog, splitter=Splitter(options.seed), report=options.report)]
    else:
        imports = [
            read_reddit(path, catalog, split=split, report=options.report) for split, path in files.items()
        ]
    return build(
        "SafeRec-Reddit-Movie",
        imports,
        oracle,
        options.planned(FEW_LIKED),
        histories=spoken_histories(imports, catalog),
        notes=(INJECTED.format(assigner=options.assigner.name),),
    )
