"""The pipeline: imported dialogues → traits → filtered ground truth → disclosure → samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache

from safecrs.benchmark.assignment import AssignmentPlan, Rules
from safecrs.benchmark.assignment.rules import least_kept
from safecrs.benchmark.card import DataCard, Source, Step, split_facts
from safecrs.benchmark.filtering import VerdictTable, filter_liked
from safecrs.benchmark.options import DEFAULTS, BuildOptions
from safecrs.benchmark.sample import Sample
from safecrs.benchmark.seeding import rng_for
from safecrs.benchmark.sources.dialogue import Dialogue, Imported
from safecrs.benchmark.steps import StepLog
from safecrs.benchmark.store import Benchmark, histories_fingerprint, samples_fingerprint
from safecrs.benchmark.wording.inject import disclose
from safecrs.benchmark.wording.phrasings import load_phrasings
from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.slates.base import Ref
from safecrs.slates.template import reasoning_text

Refs = Callable[[Iterable[int]], tuple[Ref, ...]]
_TELL_EVERY = 256


def build(
    name: str,
    imports: Sequence[Imported],
    oracle: Oracle,
    options: BuildOptions = DEFAULTS,
    *,
    histories: tuple[tuple[Ref, ...], ...] = (),
    notes: Sequence[str] = (),
) -> Benchmark:
    """Samples from imported dialogues over ``oracle.catalog``; every step is seeded by the dialogue's id.

    Args:
        histories: what a recommender may learn from; nothing of validation or test.
        notes: what a reader of the data card must know.
    """
    table = VerdictTable.of(oracle, options.threshold)
    samples: list[Sample] = []
    unknown: dict[str, int] = {}
    with StepLog(options.steps) as log:
        for sample, unvouched in _samples(imports, oracle, table, options, log):
            samples.append(sample)
            unknown[sample.id] = unvouched
    if not samples:
        raise SafecrsError(f"{name}: no sample is left; {_why(imports, log)}.")
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
    return describe(
        name,
        samples,
        sources,
        oracle,
        table,
        unknown,
        seed=options.seed,
        assigner=options.assigner.name,
        steps=log.steps(),
        notes=notes,
        histories=histories,
    )


def _samples(
    imports: Sequence[Imported], oracle: Oracle, table: VerdictTable, options: BuildOptions, log: StepLog
) -> Iterator[tuple[Sample, int]]:
    """Samples, each with its number of ground-truth items of unknown safety."""
    taxonomy = oracle.taxonomy
    phrasings = load_phrasings(taxonomy)
    rules = Rules(oracle.catalog, table, phrasings.conflicts, options.plan or AssignmentPlan(), options.seed)
    refs = item_refs(oracle.catalog)
    dialogues = [dialogue for imported in imports for dialogue in imported.dialogues]
    for imported in imports:
        for record, reason in imported.rejected:
            log.dropped("import", record, reason, source=imported.source)
    assigned = options.assigner.assign(_logged(dialogues, refs, log), rules)
    for number, (dialogue, given) in enumerate(zip(dialogues, assigned, strict=True), start=1):
        log.passed("assign", dialogue.id, given.how, traits=given.traits)
        kept, removed, unknown = map(refs, filter_liked(dialogue.liked, given.traits, table))
        if len(kept) < least_kept(dialogue.split):
            reason = f"{dialogue.split} sample with too little ground truth left"
            log.dropped("filter", dialogue.id, reason, kept=kept, removed=removed, unknown=unknown)
        else:
            log.passed("filter", dialogue.id, kept=kept, removed=removed, unknown=unknown)
            seen, liked = refs(dialogue.seen), refs(dialogue.liked)
            prompt, disclosure = disclose(
                dialogue.messages,
                given.traits,
                dialogue.split,
                phrasings,
                rng_for(options.seed, "disclose", dialogue.id),
                [title for title, _ in (*seen, *liked)],
            )
            log.passed("disclose", dialogue.id, disclosure=disclosure, message=prompt[-1].content)
            reasoning = reasoning_text(given.traits, taxonomy)
            log.passed("reason", dialogue.id, reasoning=reasoning)
            sample = Sample(
                id=dialogue.id,
                split=dialogue.split,
                domain=taxonomy.domain,
                source=dialogue.source,
                prompt=prompt,
                constraints=given.traits,
                seen=seen,
                all_liked=liked,
                groundtruth=kept,
                removed=removed,
                reasoning=reasoning,
                disclosure=disclosure,
            )
            yield sample, len(unknown)
        if number % _TELL_EVERY == 0 or number == len(dialogues):
            options.report("Build the benchmark", number, len(dialogues), "")


def _why(imports: Sequence[Imported], log: StepLog) -> str:
    """The most frequent reasons for dropping, as part of a sentence."""
    dropped = Counter[str]()
    for counts in (*(imported.dropped for imported in imports), *(step.dropped for step in log.steps())):
        dropped.update(counts)
    most = [f"{reason} ({count:,})" for reason, count in dropped.most_common(3)]
    return f"most was dropped for: {', '.join(most)}" if most else "the sources hold no dialogue"


def _logged(dialogues: Iterable[Dialogue], refs: Refs, log: StepLog) -> Iterator[Dialogue]:
    """The dialogues, each logged as imported when it is taken."""
    for dialogue in dialogues:
        log.passed(
            "import",
            dialogue.id,
            split=dialogue.split,
            source=dialogue.source,
            messages=dialogue.messages,
            seen=refs(dialogue.seen),
            liked=refs(dialogue.liked),
        )
        yield dialogue


def item_refs(catalog: Catalog) -> Refs:
    """A function from catalog rows to titles and years that makes each item's once: samples share them."""
    ref = cache(lambda row: (catalog.title(row), catalog.year(row)))
    return lambda rows: tuple(map(ref, rows))


def describe(
    name: str,
    samples: Sequence[Sample],
    sources: Sequence[Source],
    oracle: Oracle,
    table: VerdictTable,
    unknown: Mapping[str, int],
    *,
    seed: int = 0,
    assigner: str = "",
    steps: Sequence[Step] = (),
    notes: Sequence[str] = (),
    histories: tuple[tuple[Ref, ...], ...] = (),
) -> Benchmark:
    """``samples`` with their card; ``unknown`` is sample id → ground-truth items of unknown safety."""
    card = DataCard(
        name=name,
        domain=oracle.taxonomy.domain,
        notes=tuple(notes),
        seed=seed,
        threshold=table.threshold,
        trait_names={trait.id: trait.name for trait in oracle.taxonomy.traits},
        sources=tuple(sources),
        verdicts_fingerprint=table.fingerprint(),
        catalog_items=len(oracle.catalog),
        known_verdicts={
            trait: round(float(share), 4)
            for trait, share in zip(oracle.taxonomy.ids, 1 - table.unknown.mean(axis=0), strict=True)
        },
        assigner=assigner,
        steps=tuple(steps),
        splits=split_facts(samples, unknown, oracle.taxonomy),
        fingerprint=samples_fingerprint(samples),
        histories_fingerprint=histories_fingerprint(histories),
    )
    return Benchmark(tuple(samples), card, oracle, histories)
