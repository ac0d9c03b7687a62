"""The benchmark report: facts of stored benchmarks and measurements, as JSON, Markdown or an HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from safecrs.benchmark import load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.report import Form, cell, render
from safecrs.evaluation.results import load_evaluation
from safecrs.progress import Report, quiet
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Frozen
from safecrs.storage import write_text
from safecrs.studies.benchmark_report import charts
from safecrs.studies.benchmark_report.facts import BenchmarkFacts, benchmark_facts
from safecrs.studies.benchmark_report.quality import ParserFacts, measure_parser

_STAGE = "Look at the benchmarks"
_FORMS: dict[str, Form | None] = {".html": "html", ".md": "markdown", ".json": None}


class BenchmarkReport(Frozen):
    """All that the report says, in numbers."""

    benchmarks: tuple[BenchmarkFacts, ...]
    parser: ParserFacts | None

    def text(self, form: Form | None) -> str:
        """The report to read; Markdown leaves out the charts. Without a form: the numbers as JSON.

        Raises:
            SafecrsError: jinja2 or matplotlib is missing.
        """
        return (
            render(
                Path(__file__).with_name("report.j2"),
                form,
                report=self,
                charts=charts,
                metrics={metric.id: metric.name for metric in METRICS},
                cell=cell,
                share=partial(cell, metric="svr"),
            )
            if form
            else f"{self.model_dump_json(indent=2)}\n"
        )

    def save(self, *paths: Path) -> None:
        """Write the report to each path, as its suffix says: ``.html``, ``.md`` or ``.json``; atomically.

        Raises:
            SafecrsError: a suffix is another, a file cannot be written, or jinja2 or matplotlib is missing.
        """
        check_suffixes(paths)
        for path in paths:
            write_text(path, self.text(_FORMS[path.suffix]))


def check_suffixes(paths: Sequence[Path]) -> None:
    """Find out before the work whether the report can be written so.

    Raises:
        SafecrsError: a suffix is another than ``.html``, ``.md`` and ``.json``.
    """
    if wrong := [path for path in paths if path.suffix not in _FORMS]:
        raise SafecrsError(f"{wrong[0]}: a report is written as {', '.join(_FORMS)}; choose one of these.")


def make_report(
    folders: Sequence[Path],
    *,
    evaluations: Sequence[Path] = (),
    mpaa: Path | None = None,
    examples: int = 0,
    real_examples: bool = False,
    report: Report = quiet,
) -> BenchmarkReport:
    """Count stored benchmarks, ask the oracles stored beside them, and measure parser and detector.

    Args:
        evaluations: what was measured on these benchmarks, shown with them.
        mpaa: the published table of MPAA reasons, to measure the parser.
        examples, real_examples: see `benchmark_facts`.

    Raises:
        SafecrsError: a folder holds no benchmark or no oracle, an evaluation is of none of them, or ``mpaa``
            is missing or lacks the labelled reasons.
    """
    measured = {path: load_evaluation(path) for path in evaluations}
    benchmarks: list[BenchmarkFacts] = []
    for number, folder in enumerate(folders):
        report(_STAGE, number, len(folders) + 1, folder.name)
        benchmark = load_benchmark(folder)
        own = [p for p, result in measured.items() if result.card.fingerprint == benchmark.card.fingerprint]
        if own[1:]:
            raise SafecrsError(
                f"{own[1]} is the second evaluation on {benchmark.card.name}; give one of them."
            )
        benchmarks.append(
            benchmark_facts(
                benchmark,
                measured.pop(own[0]) if own else None,
                examples=examples,
                real_examples=real_examples,
            )
        )
    for path in measured:
        raise SafecrsError(f"{path} is an evaluation on none of these benchmarks, as they are now.")
    report(_STAGE, len(folders), len(folders) + 1, "parser")
    parser = measure_parser(mpaa) if mpaa else None
    report(_STAGE, len(folders) + 1, len(folders) + 1, "")
    return BenchmarkReport(benchmarks=tuple(benchmarks), parser=parser)
