"""What a stored benchmark holds, counted from its samples and asked of its oracle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import SPLITS, DataCard, Sample, Split
from safecrs.benchmark.filtering import VerdictTable
from safecrs.benchmark.store import Benchmark
from safecrs.conversation import Message
from safecrs.detection import detect_traits
from safecrs.evaluation.results import Evaluation
from safecrs.oracle import Verdict
from safecrs.scoring.statistics import Frozen, cluster_of
from safecrs.slates.base import Ref
from safecrs.studies.benchmark_report.quality import ShareFact
from safecrs.taxonomy import Taxonomy

# Sources whose conversations are templates of ours; every other one's words are somebody's.
TEMPLATES = frozenset({"movielens", "synthetic"})
Items = tuple[int, int, int, int]  # liked, kept, unknown (which are among the kept), removed
Verdicts = Callable[[Sequence[Ref], Sequence[str]], NDArray[np.int8]]  # items, traits → a `Verdict` an item


class SplitCounts(Frozen):
    """One split, counted.

    Attributes:
        sources: source → samples.
        trait_counts: number of traits → samples; traits: trait id → samples that have it.
        disclosures: "style, position" → how many traits were disclosed so.
        liked_sizes, groundtruth_sizes: number of items → samples, before and after filtering.
        liked, kept, unknown, removed: items of samples with traits; ``unknown`` are among the kept.
        by_trait: trait id → the same four, over the samples that have it (perhaps among others).
    """

    samples: int
    constrained: int
    sources: dict[str, int]
    trait_counts: dict[int, int]
    traits: dict[str, int]
    disclosures: dict[str, int]
    liked_sizes: dict[int, int]
    groundtruth_sizes: dict[int, int]
    liked: int
    kept: int
    unknown: int
    removed: int
    by_trait: dict[str, Items]

    @property
    def templates(self) -> int:
        """Samples whose words are templates of ours."""
        return sum(count for source, count in self.sources.items() if source in TEMPLATES)


class Coverage(Frozen):
    """Shares with a verdict: of the catalog, and of what people like, each mention counting.

    Attributes:
        catalog, catalog_unsafe: of the catalog's items, those with a verdict, and those unsafe.
        liked: split → of the items liked there, those with a verdict; liked_unsafe: those unsafe.
    """

    catalog: float
    catalog_unsafe: float
    liked: dict[Split, float]
    liked_unsafe: dict[Split, float]


class Checks(Frozen):
    """Counts that should be 0, and whether the oracle is the one that the card describes.

    Attributes:
        ids: samples whose id another has.
        people: people of the template conversations, or dialogues, in more than one split.
        prompts: whole conversations, word for word, in more than one split.
        requests: last messages without the disclosure, of at least six words, in more than one split;
            shorter ones, such as greetings, recur by chance.
        wordings: disclosures of the test whose words stand in training too; disclosed: all of the test's.
        unsafe: ground-truth items that the stored oracle holds unsafe for the person.
        oracle: whether the stored oracle gives the verdicts that the card's fingerprint stands for.
    """

    ids: int
    people: int
    prompts: int
    requests: int
    wordings: int
    disclosed: int
    unsafe: int
    oracle: bool


class DetectionFacts(Frozen):
    """The shipped detector on a benchmark.

    Attributes:
        found: style of disclosure → share of the traits disclosed in the test that were found.
        another: test conversations with a sensitivity in which another than theirs was found too.
        unprompted: conversations as they were before a disclosure was written in, in which one was found:
            those of real people in every split where there are any, else those of the test. Real people may
            have told something of their own; all else are false alarms.
    """

    found: dict[str, ShareFact]
    another: ShareFact
    unprompted: ShareFact


class BenchmarkFacts(Frozen):
    """Everything the report says of one benchmark."""

    card: DataCard
    splits: dict[Split, SplitCounts]
    coverage: dict[str, Coverage]
    checks: Checks
    detection: DetectionFacts
    examples: tuple[Sample, ...] = ()
    evaluation: Evaluation | None = None

    @property
    def main(self) -> Split:
        """The split that is measured: the test where there is one."""
        return "test" if "test" in self.splits else next(iter(self.splits))


def benchmark_facts(
    benchmark: Benchmark,
    evaluation: Evaluation | None = None,
    *,
    examples: int = 0,
    real_examples: bool = False,
) -> BenchmarkFacts:
    """Count a benchmark and ask its oracle.

    Args:
        evaluation: of this benchmark, to be shown beside it.
        examples: how many samples of the test to show; only template conversations, unless
            ``real_examples``: what real people wrote is theirs.
    """
    oracle, verdicts = benchmark.oracle, _verdicts(benchmark)
    splits = {split: samples for split in SPLITS if (samples := benchmark.split(split))}
    liked = {split: [ref for s in samples for ref in s.all_liked] for split, samples in splits.items()}
    unsafe = sum(
        int((verdicts(s.groundtruth, s.constraints) == Verdict.UNSAFE).sum()) for s in benchmark.samples
    )
    table = VerdictTable.of(oracle, benchmark.card.threshold)
    templates = [s for s in benchmark.samples if s.source in TEMPLATES]
    shown = [s for s in benchmark.split("test") if real_examples or s.source in TEMPLATES] or templates
    return BenchmarkFacts(
        card=benchmark.card,
        splits={split: _count(samples, oracle.taxonomy.ids, verdicts) for split, samples in splits.items()},
        coverage={
            trait: _coverage(
                oracle.verdicts(range(len(oracle.catalog)), {trait: benchmark.card.threshold}),
                {split: verdicts(refs, [trait]) for split, refs in liked.items()},
            )
            for trait in oracle.taxonomy.ids
        },
        checks=check_samples(
            benchmark.samples, unsafe, table.fingerprint() == benchmark.card.verdicts_fingerprint
        ),
        detection=_detection(
            benchmark.split("test"),
            [s for s in benchmark.samples if s.source not in TEMPLATES],
            oracle.taxonomy,
        ),
        examples=tuple(shown[:: max(1, len(shown) // max(1, examples))][:examples]),
        evaluation=evaluation,
    )


def _verdicts(benchmark: Benchmark) -> Verdicts:
    """The verdicts on liked items given as text, which are resolved once."""
    oracle, threshold = benchmark.oracle, benchmark.card.threshold
    refs = list({ref for s in benchmark.samples for ref in (*s.all_liked, *s.groundtruth)})
    rows = dict(zip(refs, oracle.catalog.resolve_many(*zip(*refs, strict=True)), strict=True))
    return lambda refs, traits: oracle.verdicts([rows[ref] for ref in refs], dict.fromkeys(traits, threshold))


def _count(samples: Sequence[Sample], traits: Sequence[str], verdicts: Verdicts) -> SplitCounts:
    constrained = [
        (s.constraints, (len(s.all_liked), len(s.groundtruth), int(unknown.sum()), len(s.removed)))
        for s in samples
        if s.constraints
        for unknown in [verdicts(s.groundtruth, s.constraints) == Verdict.UNKNOWN]
    ]
    by_trait = {
        trait: rows for trait in traits if (rows := [items for given, items in constrained if trait in given])
    }
    liked, kept, unknown, removed = _sum(items for _, items in constrained)
    return SplitCounts(
        samples=len(samples),
        constrained=len(constrained),
        sources=Counter(sample.source for sample in samples),
        trait_counts=_sizes(sample.constraints for sample in samples),
        traits={trait: len(rows) for trait, rows in by_trait.items()},
        disclosures=Counter(f"{said.style}, {said.position}" for s in samples for said in s.disclosure),
        liked_sizes=_sizes(sample.all_liked for sample in samples),
        groundtruth_sizes=_sizes(sample.groundtruth for sample in samples),
        liked=liked,
        kept=kept,
        unknown=unknown,
        removed=removed,
        by_trait={trait: _sum(rows) for trait, rows in by_trait.items()},
    )


def _sum(rows: Iterable[Items]) -> Items:
    liked, kept, unknown, removed = map(sum, zip((0, 0, 0, 0), *rows, strict=True))
    return liked, kept, unknown, removed


def _sizes(held: Iterable[Sequence[object]]) -> dict[int, int]:
    return dict(sorted(Counter(map(len, held)).items()))


def _coverage(catalog: NDArray[np.int8], liked: dict[Split, NDArray[np.int8]]) -> Coverage:
    """From the verdicts for one trait."""
    return Coverage(
        catalog=round(float((catalog != Verdict.UNKNOWN).mean()), 4),
        catalog_unsafe=round(float((catalog == Verdict.UNSAFE).mean()), 4),
        liked={split: round(float((held != Verdict.UNKNOWN).mean()), 4) for split, held in liked.items()},
        liked_unsafe={
            split: round(float((held == Verdict.UNSAFE).mean()), 4) for split, held in liked.items()
        },
    )


def check_samples(samples: Sequence[Sample], unsafe: int, oracle: bool) -> Checks:
    """Compare the splits; ``unsafe`` and ``oracle`` are the oracle's part (`Checks`)."""
    trained = {said.text for sample in samples if sample.split == "train" for said in sample.disclosure}
    tested = [said.text for sample in samples if sample.split == "test" for said in sample.disclosure]
    return Checks(
        ids=len(samples) - len({sample.id for sample in samples}),
        people=_in_two_splits((cluster_of(sample.id), sample.split) for sample in samples),
        prompts=_in_two_splits(
            (tuple((m.role, *m.content.casefold().split()) for m in sample.prompt), sample.split)
            for sample in samples
        ),
        requests=_in_two_splits(
            (words, sample.split)
            for sample in samples
            if len(words := tuple(_undisclosed(sample).casefold().split())) >= 6
        ),
        wordings=sum(text in trained for text in tested),
        disclosed=len(tested),
        unsafe=unsafe,
        oracle=oracle,
    )


def _in_two_splits(keyed: Iterable[tuple[Hashable, Split]]) -> int:
    """How many keys occur with more than one split."""
    return sum(count > 1 for count in Counter(key for key, _ in set(keyed)).values())


def _undisclosed(sample: Sample) -> str:
    """The last message as it was before anything was written into it, but for the spaces."""
    text = sample.prompt[-1].content
    for said in sample.disclosure:
        text = text.replace(said.text, " ")
    return " ".join(text.split())


def _detection(tested: Sequence[Sample], real: Sequence[Sample], taxonomy: Taxonomy) -> DetectionFacts:
    """Detect in every conversation as the recommender would, and compare with what was disclosed."""
    detected = [
        (s, {one.trait for one in detect_traits(s.prompt, taxonomy)}) for s in tested if s.constraints
    ]
    told = [(said.style, said.trait in traits) for s, traits in detected for said in s.disclosure]
    before = [(*s.prompt[:-1], Message(role="user", content=_undisclosed(s) or "…")) for s in real or tested]
    return DetectionFacts(
        found={
            style: ShareFact.count(detected for other, detected in told if other == style)
            for style in sorted({style for style, _ in told})
        },
        another=ShareFact.count(bool(traits.difference(s.constraints)) for s, traits in detected),
        unprompted=ShareFact.count(bool(detect_traits(prompt, taxonomy)) for prompt in before),
    )
