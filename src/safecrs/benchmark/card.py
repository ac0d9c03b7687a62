"""The data card: what a benchmark holds, where it comes from, and what was dropped on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel

from safecrs.benchmark.sample import SPLITS, Sample
from safecrs.taxonomy import Domain, Taxonomy


class Source(BaseModel, frozen=True, extra="forbid"):
    """One input: its licence, a fingerprint of what was read, how much, and what was dropped, by reason."""

    name: str
    licence: str
    fingerprint: str
    read: int
    used: int
    dropped: dict[str, int] = {}


class Step(BaseModel, frozen=True, extra="forbid"):
    """One step of the build: what it was given, passed on and dropped (the rest of it), by reason.

    Attributes:
        noted: how those passed on were made, where a step has several ways.
    """

    name: str
    given: int
    passed: int
    dropped: dict[str, int] = {}
    noted: dict[str, int] = {}


class SplitFacts(BaseModel, frozen=True, extra="forbid"):
    """Figures of one split.

    Attributes:
        samples: how many; constrained: those with a trait.
        traits: trait id → samples that have it; trait_counts: number of traits → samples.
        styles, positions: how disclosures were written.
        liked_per_sample, groundtruth_per_sample: means before and after the unsafe items were removed.
        removed_share: of the liked items of constrained samples.
        unknown_share: of the ground-truth items of constrained samples, those no source vouches for.
    """

    samples: int
    constrained: int
    traits: dict[str, int]
    trait_counts: dict[int, int]
    styles: dict[str, int]
    positions: dict[str, int]
    liked_per_sample: float
    groundtruth_per_sample: float
    removed_share: float
    unknown_share: float


class DataCard(BaseModel, frozen=True, extra="forbid"):
    """Everything a reader needs to judge or rebuild a benchmark; equal inputs give an equal card."""

    name: str
    domain: Domain
    notes: tuple[str, ...] = ()
    """What a reader must know before using the data: what in it is real and what is made up."""
    seed: int
    threshold: float
    trait_names: dict[str, str]
    sources: tuple[Source, ...]
    verdicts_fingerprint: str
    """Of every trait's verdict on every item at the threshold, not of the oracle's file."""
    catalog_items: int
    known_verdicts: dict[str, float]
    """Trait id → share of the catalog with a verdict, be it safe or unsafe."""
    assigner: str = ""
    """Who assigned the traits; empty where samples were taken over whole."""
    steps: tuple[Step, ...] = ()
    """What was done to the dialogues of the sources, in order; empty where samples were taken over whole."""
    splits: dict[str, SplitFacts]
    fingerprint: str
    """Of the samples."""
    histories_fingerprint: str = ""
    """Empty in cards of version 0.1.0."""

    def markdown(self) -> str:
        """The card as a page to read."""
        known = {trait: share for trait, share in self.known_verdicts.items() if share}
        return "\n".join(
            [
                f"# {self.name}",
                "",
                f"Recommendation requests over {self.catalog_items:,} items ({self.domain}s), each with what "
                "the person really liked and the sensitivities they disclosed. Items that the oracle "
                f"holds unsafe for those (risk ≥ {self.threshold:g}) are removed from the ground truth; what "
                "it knows nothing of is kept and counted as unknown, not safe.",
                "",
                *(line for note in self.notes for line in (note, "")),
                "## Sizes",
                *_table(
                    ("split", "samples", "with traits", "liked", "ground truth", "removed", "unknown"),
                    [
                        (
                            split,
                            f"{facts.samples:,}",
                            f"{facts.constrained:,}",
                            f"{facts.liked_per_sample:.2f}",
                            f"{facts.groundtruth_per_sample:.2f}",
                            f"{facts.removed_share:.1%}",
                            f"{facts.unknown_share:.1%}",
                        )
                        for split, facts in self.splits.items()
                    ],
                ),
                "",
                "Liked and ground truth are items a sample; removed and unknown are shares of the items of "
                "samples with traits.",
                "",
                "## Traits",
                *_table(
                    ("trait", *self.splits, "catalog known"),
                    [
                        (
                            self.trait_names[trait],
                            *(str(facts.traits.get(trait, 0)) for facts in self.splits.values()),
                            f"{known.get(trait, 0.0):.0%}",
                        )
                        for trait in self.trait_names
                    ],
                ),
                "",
                *(
                    f"- {split}: number of traits {_counts(facts.trait_counts)}; "
                    f"styles {_counts(facts.styles)}; positions {_counts(facts.positions)}"
                    for split, facts in self.splits.items()
                ),
                "",
                "## Sources",
                *_table(
                    ("source", "licence", "read", "used", "fingerprint"),
                    [
                        (s.name, s.licence, f"{s.read:,}", f"{s.used:,}", f"`{s.fingerprint}`")
                        for s in self.sources
                    ],
                ),
                "",
                "## Steps",
                *self._funnel(),
                "",
                "## Rebuilding",
                *([f"Traits assigned by {self.assigner}.", ""] if self.assigner else []),
                f"Seed {self.seed}; verdicts `{self.verdicts_fingerprint}`; samples `{self.fingerprint}`.",
                "",
            ]
        )

    def funnel(self) -> list[Step]:
        """The import of each source, in records of its own (lines, threads, people), then the steps."""
        imports = [
            Step(name=f"import {s.name}", given=s.read, passed=s.used, dropped=s.dropped)
            for s in self.sources
        ]
        return [*imports, *self.steps]

    def _funnel(self) -> list[str]:
        steps = self.funnel()
        return [
            *_table(
                ("step", "given", "passed on"), [(s.name, f"{s.given:,}", f"{s.passed:,}") for s in steps]
            ),
            "",
            "An import is given records of its source (lines, threads, people), a step dialogues.",
            "",
            *(f"- {s.name}: {count:,} dropped: {why}" for s in steps for why, count in s.dropped.items()),
            *(f"- {s.name}: {count:,} {how}" for s in steps for how, count in s.noted.items()),
        ]


def split_facts(
    samples: Sequence[Sample], unknown: Mapping[str, int], taxonomy: Taxonomy
) -> dict[str, SplitFacts]:
    """Figures per split; ``unknown`` is sample id → ground-truth items of unknown safety."""
    return {split: _facts([s for s in samples if s.split == split], unknown, taxonomy) for split in SPLITS}


def _facts(samples: Sequence[Sample], unknown: Mapping[str, int], taxonomy: Taxonomy) -> SplitFacts:
    constrained = [sample for sample in samples if sample.constraints]
    traits = Counter(trait for sample in samples for trait in sample.constraints)
    said = [disclosed for sample in samples for disclosed in sample.disclosure]
    kept = sum(len(sample.groundtruth) for sample in constrained)
    return SplitFacts(
        samples=len(samples),
        constrained=len(constrained),
        traits={trait: traits[trait] for trait in taxonomy.ids if traits[trait]},
        trait_counts=dict(sorted(Counter(len(sample.constraints) for sample in samples).items())),
        styles=dict(sorted(Counter(disclosed.style for disclosed in said).items())),
        positions=dict(sorted(Counter(disclosed.position for disclosed in said).items())),
        liked_per_sample=_ratio(sum(len(s.all_liked) for s in samples), len(samples)),
        groundtruth_per_sample=_ratio(sum(len(s.groundtruth) for s in samples), len(samples)),
        removed_share=_ratio(
            sum(len(s.removed) for s in constrained), sum(len(s.all_liked) for s in constrained)
        ),
        unknown_share=_ratio(sum(unknown.get(sample.id, 0) for sample in constrained), kept),
    )


def _ratio(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 0.0


def _counts(counts: Mapping[int, int] | Mapping[str, int]) -> str:
    return ", ".join(f"{key}: {count:,}" for key, count in counts.items()) or "none"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["", f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return [*lines, *(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)]
