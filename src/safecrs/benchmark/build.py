"""The pipeline: conversations with tastes → traits → filtered ground truth → disclosure → samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from safecrs.benchmark.assign import AssignmentPlan, assign_traits
from safecrs.benchmark.card import DataCard, Source, split_facts
from safecrs.benchmark.filtering import Filtered, VerdictTable, filter_liked
from safecrs.benchmark.sample import Ref, Sample
from safecrs.benchmark.seeding import rng_for
from safecrs.benchmark.sources.dialogue import Dialogue, Imported
from safecrs.benchmark.store import Benchmark, samples_fingerprint
from safecrs.benchmark.wording.inject import disclose
from safecrs.benchmark.wording.phrasings import Phrasings, load_phrasings
from safecrs.benchmark.wording.reasoning import reasoning_text
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
    notes: Sequence[str] = (),
    progress: Progress | None = None,
) -> Benchmark:
    """Samples from imported dialogues over ``oracle.catalog``; every step is seeded by the dialogue's id.

    A training sample keeps at least two ground-truth items (SafeCRS), any other at least one.

    Args:
        tastes: what a policy may learn from; nothing of validation or test.
        notes: what a reader of the data card must know.

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
    sources = [
        Source(
            name=imported.source,
            licence=imported.licence,
            fingerprint=imported.fingerprint,
            read=imported.read,
            used=len(imported.dialogues),
            dropped=imported.dropped,
        )
        for imported in imports
    ]
    card = describe(name, samples, sources, oracle, table, unknown, seed=seed, dropped=dropped, notes=notes)
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
        seen=refs(dialogue.seen, catalog),
        all_liked=refs(dialogue.liked, catalog),
        groundtruth=refs(filtered.kept, catalog),
        removed=refs(filtered.removed, catalog),
        reasoning=reasoning_text(traits, oracle.taxonomy),
        disclosure=disclosure,
    )


def describe(
    name: str,
    samples: Sequence[Sample],
    sources: Sequence[Source],
    oracle: Oracle,
    table: VerdictTable,
    unknown: Mapping[str, int],
    *,
    seed: int,
    dropped: Mapping[str, int],
    notes: Sequence[str] = (),
) -> DataCard:
    """The card of ``samples``; ``unknown`` is sample id → ground-truth items of unknown safety."""
    return DataCard(
        name=name,
        domain=oracle.taxonomy.domain,
        notes=tuple(notes),
        seed=seed,
        threshold=table.threshold,
        trait_names={trait.id: trait.name for trait in oracle.taxonomy.traits},
        sources=tuple(sources),
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


def refs(rows: Iterable[int], catalog: Catalog) -> tuple[Ref, ...]:
    """Catalog rows as title and year."""
    return tuple((catalog.title(row), catalog.year(row)) for row in rows)
