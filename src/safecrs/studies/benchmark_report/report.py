"""The benchmark report: facts of stored benchmarks and measurements, as JSON, Markdown or a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from safecrs.benchmark import load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation import Evaluation, load_evaluation
from safecrs.evaluation.report.document import Bullets, Document, Part, Table
from safecrs.progress import Report, quiet
from safecrs.storage import write_json, write_text
from safecrs.studies.benchmark_report.facts import BenchmarkFacts, benchmark_facts
from safecrs.studies.benchmark_report.measured import inference_chapter, parser_chapter
from safecrs.studies.benchmark_report.parser import ParserFacts, measure_parser
from safecrs.studies.benchmark_report.sections import chapter
from safecrs.studies.benchmark_report.shares import percent

SUFFIXES = (".html", ".md", ".json")
_TITLE = "SafeRec: the benchmarks, and what they rest on"
_LEAD = (
    "Requests for recommendations, each with what the person really liked and what they disclosed that "
    "they must not get. Small print under a number, and brackets behind it, are its 95 % confidence "
    "interval."
)


class BenchmarkReport(BaseModel):
    """All that the report says, in numbers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmarks: tuple[BenchmarkFacts, ...]
    parser: ParserFacts | None

    def document(self) -> Document:
        """The report to read.

        Raises:
            SafecrsError: matplotlib is missing.
        """
        parts = [
            Part(
                "At a glance",
                [_overview(self.benchmarks), Bullets(list(_warnings(self.benchmarks)), key=True)],
            ),
            *(chapter(facts) for facts in self.benchmarks),
            parser_chapter(self.parser),
            *([inference_chapter(self.benchmarks)] if self.benchmarks else []),
        ]
        return Document(_TITLE, _LEAD, parts)

    def save(self, *paths: Path) -> None:
        """Write the report to each path, as its suffix says: ``.html``, ``.md`` or ``.json``; atomically.

        Raises:
            SafecrsError: a suffix is another, a file cannot be written, or jinja2 or matplotlib is missing.
        """
        check_suffixes(paths)
        document = self.document() if any(path.suffix != ".json" for path in paths) else None
        for path in paths:
            if document is None or path.suffix == ".json":
                write_json(path, self.model_dump(mode="json"))
            else:
                write_text(path, document.html() if path.suffix == ".html" else document.markdown())


def check_suffixes(paths: Sequence[Path]) -> None:
    """Find out before the work whether the report can be written so.

    Raises:
        SafecrsError: a suffix is not one of `SUFFIXES`.
    """
    for path in paths:
        if path.suffix not in SUFFIXES:
            raise SafecrsError(f"{path}: a report is written as {', '.join(SUFFIXES)}; choose one of these.")


def make_report(
    folders: Sequence[Path],
    *,
    evaluations: Sequence[Path] = (),
    mpaa: Path | None = None,
    examples: int = 0,
    real_examples: bool = False,
    report: Report = quiet,
) -> BenchmarkReport:
    """Count stored benchmarks, ask the oracles stored beside them, and measure the parser.

    Args:
        evaluations: what was measured on these benchmarks, shown with them.
        mpaa: the published table of MPAA reasons, to measure the parser.
        examples, real_examples: see `benchmark_facts`.

    Raises:
        SafecrsError: a folder holds no benchmark or no oracle, an evaluation is of none of them, or ``mpaa``
            is missing or lacks the labelled reasons.
    """
    measured = _by_samples(evaluations)
    steps = len(folders) + 1
    found: list[BenchmarkFacts] = []
    for number, folder in enumerate(folders):
        report("Look at the benchmarks", number, steps, folder.name)
        benchmark = load_benchmark(folder)
        _, evaluation = measured.pop(benchmark.card.fingerprint, (None, None))
        found.append(benchmark_facts(benchmark, evaluation, examples=examples, real_examples=real_examples))
    for path, _ in measured.values():
        raise SafecrsError(f"{path} is an evaluation on none of these benchmarks, as they are now.")
    report("Look at the benchmarks", len(folders), steps, "parser")
    parser = measure_parser(mpaa) if mpaa else None
    report("Look at the benchmarks", steps, steps, "")
    return BenchmarkReport(benchmarks=tuple(found), parser=parser)


def _overview(benchmarks: Sequence[BenchmarkFacts]) -> Table:
    rows = []
    for facts in benchmarks:
        held = facts.splits[facts.main]
        known = [facts.coverage[trait].liked[facts.main] for trait in held.traits]
        rows.append(
            (
                facts.card.name,
                *(
                    f"{facts.splits[s].samples:,}" if s in facts.splits else "0"
                    for s in ("train", "validation", "test")
                ),
                percent(held.samples - facts.templates(facts.main), held.samples),
                percent(held.samples - held.constrained, held.samples),
                f"{len(held.traits)} of {len(facts.coverage)}",
                percent(held.removed, held.liked),
                percent(held.unknown, held.kept),
                f"{facts.card.catalog_items:,}",
                f"{100 * sum(known) / len(known):.0f} %" if known else "–",
            )
        )
    head = (
        "benchmark", "train", "validation", "test", "real words", "without a trait", "traits", "removed",
        "unknown", "catalog", "liked with a verdict",
    )  # fmt: skip
    note = (
        "From “real words” on: of the test. Removed: of the items liked by people with a trait, those "
        "unsafe for them; unknown: of what is left, those that nothing vouches for. Liked with a verdict: "
        "mean over the traits that occur."
    )
    return Table("", head, rows, note=note)


def _warnings(benchmarks: Sequence[BenchmarkFacts]) -> Iterator[str]:
    for facts in benchmarks:
        checks, name = facts.checks, facts.card.name
        if checks.people or checks.prompts or checks.ids:
            yield f"{name}: something is in two splits or twice; see its checks."
        if not checks.oracle or checks.unsafe:
            yield f"{name}: the stored oracle and the ground truth disagree; see its checks."
        for split, held in facts.splits.items():
            if split != "train" and held.samples < 100:
                yield f"{name}: {held.samples} {split} samples are too few for any but large differences."
    yield "Nobody here had told of a sensitivity: every one was assigned to them and written in."
    yield "The oracle that filters the ground truth also judges what is recommended; where it errs, both do."


def _by_samples(paths: Sequence[Path]) -> dict[str, tuple[Path, Evaluation]]:
    held: dict[str, tuple[Path, Evaluation]] = {}
    for path in paths:
        evaluation = load_evaluation(path)
        if evaluation.card.fingerprint in held:
            raise SafecrsError(
                f"{path} is the second evaluation on {evaluation.card.name}; give one of them."
            )
        held[evaluation.card.fingerprint] = path, evaluation
    return held
