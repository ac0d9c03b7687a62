"""Every benchmark that a folder of data allows, measured with simple recommenders, and one report."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from safecrs.benchmark import save_benchmark
from safecrs.benchmark.options import BuildOptions
from safecrs.benchmark.recipes.table import MPAA, RECIPES, Recipe
from safecrs.benchmark.store import ORACLE, Benchmark, load_benchmark, read_card
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import save_evaluation
from safecrs.evaluation.run import evaluate_systems
from safecrs.evaluation.systems import lineup
from safecrs.progress import Report, quiet
from safecrs.storage import check_writable, fingerprint, read_json, write_json
from safecrs.studies.benchmark_report.report import BenchmarkReport, make_report
from safecrs.training.runs.manifest import installed_versions

_INPUTS = "inputs.json"  # what a benchmark was built from, kept in its folder
_REPORTS = ("report.html", "report.md", "report.json")


@dataclass(frozen=True, slots=True)
class Built:
    """The benchmarks, and a report on them.

    Attributes:
        folders: of all benchmarks; new: of those that were built now.
        left_out: title of a benchmark that was not built → the files that the data folder lacks.
        page: the report; its Markdown and JSON lie beside it.
        report: its numbers.
    """

    folders: tuple[Path, ...]
    new: tuple[Path, ...]
    left_out: Mapping[str, tuple[str, ...]]
    page: Path
    report: BenchmarkReport


def build_all(
    out: Path,
    data: Path | None = None,
    *,
    seed: int = 0,
    overwrite: bool = False,
    recipes: Sequence[Recipe] = RECIPES,
    report: Report = quiet,
) -> Built:
    """Build, measure and report on every benchmark of ``recipes`` that ``data`` has the files for.

    A benchmark that is there and was built from the same inputs, with the same seed, by this version, is not
    built again, and slates that were asked for are not asked for again: a run that was stopped goes on.

    Args:
        data: a folder laid out as `safecrs.benchmark.recipes.table` says; without it only what needs nothing.
        overwrite: build and measure everything again.

    Raises:
        SafecrsError: ``data`` is no folder, a file in it is malformed, a folder in ``out`` holds something
            else or a benchmark of other inputs (without ``overwrite``), or cannot be written.
    """
    if data is not None and not data.is_dir():
        raise SafecrsError(
            f"{data} is not a folder; give the one that holds advisories/, catalog/ and so on."
        )
    pages = [out / name for name in _REPORTS]
    check_writable(pages[0])
    left_out = {recipe.title: missing for recipe in recipes if (missing := recipe.missing(data))}
    evaluations: dict[Path, Path] = {}
    new: list[Path] = []
    for recipe in recipes:
        if recipe.title in left_out:
            continue
        tell, folder, slates = (
            _under(recipe.title, report),
            out / recipe.folder,
            out / "slates" / recipe.folder,
        )
        if _ensure(recipe, folder, data, seed, overwrite, tell):
            new.append(folder)
        if overwrite:
            shutil.rmtree(slates, ignore_errors=True)
        benchmark = load_benchmark(folder)
        evaluation = evaluate_systems(benchmark, lineup(benchmark), store=slates, seed=seed, report=tell)
        evaluations[folder] = out / "evaluations" / f"{recipe.folder}.json"
        save_evaluation(evaluation, evaluations[folder])
    reasons = data / MPAA if data is not None and (data / MPAA).is_file() else None
    made = make_report(
        tuple(evaluations), evaluations=tuple(evaluations.values()), mpaa=reasons, report=report
    )
    made.save(*pages)
    return Built(tuple(evaluations), tuple(new), left_out, pages[0], made)


def _ensure(
    recipe: Recipe, folder: Path, data: Path | None, seed: int, overwrite: bool, report: Report
) -> bool:
    """Whether the benchmark had to be built."""
    contents = [path.read_bytes() for path in recipe.files(data)]
    version = installed_versions().get("safecrs", "")
    inputs = {"fingerprint": fingerprint(recipe.title, str(seed), version, *contents)}
    with suppress(SafecrsError):  # there is no benchmark, or none that was finished
        if read_json(folder / _INPUTS) == inputs and not overwrite:
            return False
    benchmark = recipe.build(data, BuildOptions(seed=seed, report=report))
    if overwrite or not folder.exists():
        save_benchmark(benchmark, folder, overwrite=overwrite)
    elif not _same(benchmark, folder):  # else a run was stopped before it could note the inputs
        raise SafecrsError(
            f"{folder} holds a benchmark of other inputs, another seed or another version; choose another "
            "folder or give --overwrite."
        )
    write_json(folder / _INPUTS, inputs)
    return True


def _same(benchmark: Benchmark, folder: Path) -> bool:
    prints = {(card.fingerprint, card.verdicts_fingerprint) for card in (read_card(folder), benchmark.card)}
    return len(prints) == 1 and (folder / ORACLE).is_file()


def _under(title: str, report: Report) -> Report:
    """Tells each stage under the benchmark's name."""
    return lambda stage, done, total, detail: report(f"{title}: {stage}", done, total, detail)
