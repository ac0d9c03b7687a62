"""SafeRec-ReDial, SafeRec-INSPIRED and SafeRec-Reddit-Movie: real requests with an assigned disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from safecrs.benchmark.build import build
from safecrs.benchmark.options import DEFAULTS, BuildOptions
from safecrs.benchmark.recipes.shared import (
    FEW_LIKED,
    HARMLESS,
    INJECTED,
    REAL_TASTES,
    histories_of,
    spoken_histories,
)
from safecrs.benchmark.sample import Split
from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.dialogue import Imported
from safecrs.benchmark.sources.inspired import read_inspired
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.reddit import read_reddit
from safecrs.benchmark.sources.redial import read_redial, read_redial_items
from safecrs.benchmark.store import Benchmark
from safecrs.benchmark.wording.conversations import template_conversations
from safecrs.oracle import Oracle


def build_redial(
    dialogues: Path,
    items: Path,
    oracle: Oracle,
    options: BuildOptions = DEFAULTS,
    *,
    interactions: Interactions | None = None,
) -> Benchmark:
    """Real ReDial conversations with an assigned disclosure, split by dialogue 60/10/30.

    Args:
        dialogues, items: ReDial dialogues (JSON lines) and its movie table.
        oracle: an oracle over a film catalog, best over that table (`safecrs.benchmark.film_oracle`).
        interactions: ratings over the same catalog; adds template conversations of their training people
            (split as in the starter) to the training split, and to nothing else.
    """
    read = read_redial_items(items)
    splitter = Splitter(options.seed, train=0.6, validation=0.1)
    real = read_redial(dialogues, read, oracle.catalog, splitter, options.report)
    return _build("SafeRec-ReDial", [real], oracle, options.planned(FEW_LIKED), interactions)


def build_inspired(
    dialogues: Path,
    oracle: Oracle,
    options: BuildOptions = DEFAULTS,
    *,
    interactions: Interactions | None = None,
) -> Benchmark:
    """Real INSPIRED conversations with an assigned disclosure; too few to split, so all are "test".

    Most people accept a single film. A sensitivity that it violates cannot be theirs, so by default they get
    one that it respects (`AssignmentPlan.harmless`).

    Args:
        dialogues: INSPIRED's table of utterances (TSV).
        oracle: an oracle over a film catalog that holds what people talk about: the films of ReDial,
            Reddit-Movie and the starter together, for instance.
        interactions: ratings over the same catalog; adds template conversations for training, as in
            `build_redial`.
    """
    real = read_inspired(dialogues, oracle.catalog, report=options.report)
    plan = replace(FEW_LIKED, harmless=True)
    return _build("SafeRec-INSPIRED", [real], oracle, options.planned(plan), interactions)


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
    return _build("SafeRec-Reddit-Movie", imports, oracle, options.planned(FEW_LIKED))


def _build(
    name: str,
    imports: list[Imported],
    oracle: Oracle,
    options: BuildOptions,
    interactions: Interactions | None = None,
) -> Benchmark:
    """Real dialogues; with ``interactions``, template conversations join them in training alone."""
    catalog = oracle.catalog
    histories = spoken_histories(imports, catalog)
    notes = [INJECTED.format(assigner=options.assigner.name)]
    if interactions is not None:
        splitter = Splitter(options.seed)
        imports.append(
            template_conversations(
                interactions,
                catalog,
                splitter,
                seed=options.seed,
                plan=options.conversations,
                splits=("train",),
            )
        )
        histories += histories_of(interactions.of_split(splitter, "train"), catalog)
        notes.append(REAL_TASTES)
    if options.plan and options.plan.harmless:
        notes.append(HARMLESS)
    return build(name, imports, oracle, options, histories=histories, notes=notes)
