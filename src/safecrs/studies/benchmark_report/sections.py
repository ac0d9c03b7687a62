"""The chapter of the report on one benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from safecrs.evaluation.report import interval, number
from safecrs.evaluation.report.document import Block, Bullets, Figure, Part, Section, Table, Words
from safecrs.evaluation.results import Evaluation
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Estimate
from safecrs.studies.benchmark_report import figures
from safecrs.studies.benchmark_report.facts import BenchmarkFacts, SplitCounts
from safecrs.studies.benchmark_report.shares import percent

_POSITIONS = ("before", "after", "inside")
_BASELINES = ("recall", "ndcg", "svr", "svr_worst", "unknown", "length")


def chapter(facts: BenchmarkFacts) -> Part:
    """Everything on one benchmark.

    Raises:
        SafecrsError: matplotlib is missing.
    """
    sections = [
        Section("Sources", _sources(facts)),
        Section("Sizes", _sizes(facts)),
        Section("Sensitivities", _traits(facts)),
        Section("How they are disclosed", _disclosures(facts)),
        Section("Ground truth before and after filtering", _filtering(facts)),
        Section("What each step was given and dropped", _funnel(facts)),
        Section("What the oracle can judge", _coverage(facts)),
        Section("Checks", _checks(facts)),
    ]
    if facts.evaluation:
        sections.append(Section("Simple recommenders", _baselines(facts.evaluation)))
    if facts.examples:
        sections.append(Section("Examples", list(_examples(facts))))
    return Part(facts.card.name, [Bullets(facts.card.notes, key=True)] if facts.card.notes else [], sections)


def _sources(facts: BenchmarkFacts) -> list[Block]:
    card = facts.card
    rows = [
        (source.name, source.licence, f"{source.read:,}", f"{source.used:,}", source.fingerprint)
        for source in card.sources
    ]
    made = (
        f"{card.catalog_items:,} {card.domain}s in the catalog. Seed {card.seed}; an item is unsafe from a "
        f"risk of {card.threshold:g}. Fingerprints: samples {card.fingerprint}, verdicts "
        f"{card.verdicts_fingerprint}."
    )
    return [
        Table("", ("source", "licence", "read", "used", "fingerprint"), rows, words=frozenset({1})),
        Words(made),
    ]


def _sizes(facts: BenchmarkFacts) -> list[Block]:
    counts = range(1 + max((n for held in facts.splits.values() for n in held.trait_counts), default=0))
    head = (
        "split",
        "samples",
        *(f"{n} traits" if n != 1 else "1 trait" for n in counts),
        "real words",
        "templates",
    )
    rows = [
        (
            split,
            f"{held.samples:,}",
            *(
                f"{held.trait_counts.get(n, 0):,} ({percent(held.trait_counts.get(n, 0), held.samples)})"
                for n in counts
            ),
            f"{held.samples - facts.templates(split):,}",
            f"{facts.templates(split):,}",
        )
        for split, held in facts.splits.items()
    ]
    sizes = [
        (split, _mean(held.liked_sizes), _mean(held.groundtruth_sizes), _range(held.groundtruth_sizes))
        for split, held in facts.splits.items()
    ]
    return [
        Table("Samples, by how many traits they disclose", head, rows),
        Figure(
            figures.sizes(facts),
            "Items a sample, liked and left as ground truth (the last bar holds all more).",
        ),
        Table("Items a sample", ("split", "liked, mean", "ground truth, mean", "least–most"), sizes),
    ]


def _traits(facts: BenchmarkFacts) -> list[Block]:
    rows = [
        (name, *(f"{held.traits.get(trait, 0):,}" for held in facts.splits.values()))
        for trait, name in facts.card.trait_names.items()
    ]
    absent = [
        facts.card.trait_names[trait]
        for trait in facts.card.trait_names
        if not facts.splits[facts.main].traits.get(trait)
    ]
    blocks: list[Block] = [
        Figure(
            figures.trait_distribution(facts), "Samples that have each sensitivity; one may have several."
        ),
        Table("Samples by sensitivity", ("sensitivity", *facts.splits), rows, folded=True),
    ]
    if absent:
        blocks.append(Words(f"No {facts.main} sample has: {'; '.join(absent)}."))
    return blocks


def _disclosures(facts: BenchmarkFacts) -> list[Block]:
    rows = []
    for split, held in facts.splits.items():
        total = sum(held.disclosures.values())
        for style in ("explicit", "implicit"):
            cells = [held.disclosures.get(f"{style}, {position}", 0) for position in _POSITIONS]
            rows.append(
                (
                    f"{split}, {style}",
                    *(f"{cell:,}" for cell in cells),
                    f"{sum(cells):,}",
                    percent(sum(cells), total),
                )
            )
    head = ("split and style", *_POSITIONS, "all", "of the split's")
    note = (
        "Where the words stand in the last message of the person: before, after or inside what it said. "
        "Explicit: what to leave out is said; implicit: it follows from what happened to them."
    )
    checks = facts.checks
    wording = Words(
        f"{checks.wordings:,} of the {checks.disclosed:,} disclosures of the test are worded as one in "
        "training."
    )
    return [Table("Disclosures", head, rows, note=note), wording]


def _filtering(facts: BenchmarkFacts) -> list[Block]:
    rows = [(split, *_items(held)) for split, held in facts.splits.items()]
    head = ("liked", "removed", "kept", "of these unknown", "removed, %", "unknown, %")
    blocks: list[Block] = [
        Table(
            "Items of the samples with traits",
            ("split", *head),
            rows,
            note="Removed: unsafe for the person, in % of the liked. Unknown: no source vouches for it, in "
            "% of the kept; it stays in the ground truth, as in SafeCRS, and is counted.",
        )
    ]
    main = facts.main
    by_trait = [
        (facts.card.trait_names[trait], *_shown(*counts))
        for trait, counts in facts.splits[main].by_trait.items()
    ]
    note = "A sample with several traits counts for each; its items may be removed for any of them."
    blocks.append(Table(f"By sensitivity, {main}", ("sensitivity", *head), by_trait, note=note, folded=True))
    return blocks


def _funnel(facts: BenchmarkFacts) -> list[Block]:
    rows: list[tuple[str, ...]] = []
    for step in facts.card.funnel():
        rows.append((step.name, f"{step.given:,}", f"{step.passed:,}", ""))
        rows += [(f"– dropped: {reason}", "", "", f"{count:,}") for reason, count in step.dropped.items()]
        rows += [(f"– {how}", "", f"{count:,}", "") for how, count in step.noted.items()]
    note = (
        "An import is given records of its source (lines, threads, people) and passes on conversations; "
        "one record may give several, and its reasons may count other things than records. A step is given "
        "conversations."
    )
    head = ("step, and what became of them", "given", "passed on", "dropped")
    assigner = [Words(f"Traits assigned by {facts.card.assigner}.")] if facts.card.assigner else []
    return [Table("", head, rows, note=note), *assigner]


def _coverage(facts: BenchmarkFacts) -> list[Block]:
    splits = list(facts.splits)
    head = (
        "sensitivity", "catalog", *(f"liked, {split}" for split in splits), "catalog unsafe",
        *(f"liked and unsafe, {split}" for split in splits),
    )  # fmt: skip
    rows = [
        (
            facts.card.trait_names[trait],
            f"{100 * held.catalog:.1f} %",
            *(f"{100 * held.liked[split]:.1f} %" for split in splits),
            f"{100 * held.catalog_unsafe:.1f} %",
            *(f"{100 * held.liked_unsafe[split]:.1f} %" for split in splits),
        )
        for trait, held in facts.coverage.items()
    ]
    note = "Liked: every item that a sample's person likes counts as often as it is liked, before filtering."
    return [
        Figure(figures.coverage(facts), "What has a verdict, safe or unsafe; the rest is unknown."),
        Table("Share with a verdict", head, rows, note=note, folded=True),
    ]


def _checks(facts: BenchmarkFacts) -> list[Block]:
    checks = facts.checks
    rows = [
        ("people (template conversations) or dialogues in more than one split", checks.people),
        ("whole conversations, word for word, in more than one split", checks.prompts),
        (
            "last messages of six words or more, without the disclosure, in more than one split",
            checks.requests,
        ),
        ("samples whose id another has", checks.ids),
        ("ground-truth items that the stored oracle holds unsafe for the person", checks.unsafe),
    ]
    table = [
        (name, f"{count:,}", "as it should be" if not count else "look into this") for name, count in rows
    ]
    same = ("yes", "as it should be") if checks.oracle else ("no", "build it again")
    table.append(("the stored oracle is the one that filtered", *same))
    return [Table("", ("check", "found", ""), table, words=frozenset({2}))]


def _baselines(evaluation: Evaluation) -> list[Block]:
    names = {metric.id: metric.name.format(k=evaluation.k) for metric in METRICS}

    def cell(estimate: Estimate, metric: str) -> str:
        between = interval(estimate, metric)
        return number(estimate, metric) + (f" [{between}]" if between and metric != "length" else "")

    rows = [
        (
            system.name,
            *(cell(system.metrics[metric], metric) for metric in _BASELINES),
            number(system.over_refusal, "svr"),
        )
        for system in evaluation.systems
    ]
    about = (
        f"{evaluation.samples:,} conversations of the {evaluation.split} split, of {evaluation.clusters:,} "
        f"people or dialogues, {evaluation.constrained:,} with a sensitivity."
    )
    note = (
        "With 95 % intervals. SVR counts what is unknown as safe, its worst case as unsafe. “+ filter” is "
        "told the true sensitivities and leaves out what is unsafe; “no unknowns” what is not known to be "
        "safe; “detected traits” is told what was detected in the conversation."
    )
    head = ("system", *(names[metric] for metric in _BASELINES), "liked but refused")
    return [Words(about), Table("", head, rows, note=note)]


def _examples(facts: BenchmarkFacts) -> Iterator[Block]:
    for sample in facts.examples:
        traits = ", ".join(facts.card.trait_names[trait] for trait in sample.constraints) or "none"
        lines = [f"{message.role}: {message.content}" for message in sample.prompt]
        lines += [
            f"sensitivities: {traits}",
            f"ground truth: {_labels(sample.groundtruth)}",
            f"removed: {_labels(sample.removed)}",
        ]
        yield Words(f"{sample.id} ({sample.split})")
        yield Bullets(lines)


def _labels(refs: tuple[tuple[str, int | None], ...]) -> str:
    return "; ".join(title if year is None else f"{title} ({year})" for title, year in refs) or "nothing"


def _items(held: SplitCounts) -> tuple[str, ...]:
    return _shown(held.liked, held.kept, held.unknown, held.removed)


def _shown(liked: int, kept: int, unknown: int, removed: int) -> tuple[str, ...]:
    return (
        *(f"{count:,}" for count in (liked, removed, kept, unknown)),
        percent(removed, liked),
        percent(unknown, kept),
    )


def _mean(sizes: Mapping[int, int]) -> str:
    total = sum(sizes.values())
    return f"{sum(size * count for size, count in sizes.items()) / total:.2f}" if total else "–"


def _range(sizes: Mapping[int, int]) -> str:
    return f"{min(sizes)}–{max(sizes)}" if sizes else "–"
