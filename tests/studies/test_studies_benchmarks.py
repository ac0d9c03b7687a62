from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from safecrs.benchmark.recipes.table import ESRB, RECIPES, Recipe
from safecrs.benchmark.store import read_card
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import load_evaluation
from safecrs.studies.benchmark_report.report import BenchmarkReport
from safecrs.studies.benchmarks import build_all
from tiny_world import make_benchmark

SHARED = Path(__file__).resolve().parents[2] / "../shared/data"
FILE = "advisories/file.csv"


class Stopped(Exception):
    pass


@pytest.fixture
def made():
    return []


@pytest.fixture
def quick(monkeypatch, world):
    """Neither measures nor draws: these tests are about what is built."""
    evaluated, empty = [], BenchmarkReport(benchmarks=(), parser=None)

    def evaluate(_benchmark, _systems, *, store, report, **_more):
        report("Evaluate", 0, 1, "")
        evaluated.append(store.name)

    monkeypatch.setattr("safecrs.studies.benchmarks.evaluate_systems", evaluate)
    monkeypatch.setattr("safecrs.studies.benchmarks.save_evaluation", lambda *_: None)
    monkeypatch.setattr("safecrs.studies.benchmarks.make_report", lambda *_args, **_more: empty)
    return evaluated


@pytest.fixture
def recipes(world, made):
    """Two benchmarks: one needs nothing, the other a file that says how many samples it has."""

    def of_size(count):
        samples = world.benchmark.samples[-count:]
        return make_benchmark(world.oracle, samples, world.benchmark.histories)

    def free(_data, options):
        made.append(("free", options.seed))
        options.report("Build the benchmark", 1, 1, "")
        return of_size(30 - options.seed)

    def needy(data, options):
        made.append(("needy", options.seed))
        return of_size(int((data / FILE).read_text()))

    return (Recipe("Free", "free", free), Recipe("Needy", "needy", needy, needs=(FILE,)))


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data" / FILE
    path.parent.mkdir(parents=True)
    path.write_text("20")
    return tmp_path / "data"


def test_without_data_what_needs_it_is_left_out(recipes, made, tmp_path):
    told = []
    built = build_all(tmp_path / "out", recipes=recipes, report=lambda *step: told.append(step[0]))
    assert [path.name for path in built.folders] == ["free"]
    assert built.folders == built.new
    assert built.left_out == {"Needy": (FILE,)}
    assert made == [("free", 0)]
    assert {"Free: Build the benchmark", "Free: Evaluate", "Look at the benchmarks"} <= set(told)
    for name in ("report.html", "report.md", "report.json", "evaluations/free.json", "free/card.json"):
        assert (tmp_path / "out" / name).is_file(), name
    measured = load_evaluation(tmp_path / "out" / "evaluations" / "free.json")
    assert measured.system("Neighbours + filter, no unknowns").metrics["svr_worst"].value == 0.0
    assert "Neighbours + filter, no unknowns" in (tmp_path / "out" / "report.md").read_text()
    assert built.report.parser is None


def test_slates_are_not_asked_for_again(recipes, made, tmp_path):
    out = tmp_path / "out"
    first = build_all(out, recipes=recipes)
    slates = {path: path.stat().st_mtime_ns for path in (out / "slates").rglob("*.jsonl")}
    assert len(slates) == 11
    assert build_all(out, recipes=recipes).report == first.report
    assert {path: path.stat().st_mtime_ns for path in (out / "slates").rglob("*.jsonl")} == slates
    build_all(out, recipes=recipes, overwrite=True)
    again = {path: path.stat().st_mtime_ns for path in (out / "slates").rglob("*.jsonl")}
    assert all(again[path] != slates[path] for path in slates)


def test_what_is_there_is_not_built_again(recipes, made, data, tmp_path, quick):
    first = build_all(tmp_path, data, recipes=recipes)
    again = build_all(tmp_path, data, recipes=recipes)
    assert made == [("free", 0), ("needy", 0)]
    assert quick == ["free", "needy"] * 2
    assert again.new == ()
    assert again.folders == first.folders
    build_all(tmp_path, data, recipes=recipes, overwrite=True)
    assert made == [("free", 0), ("needy", 0)] * 2


@pytest.mark.parametrize("change", ["file", "seed", "version"])
def test_other_inputs_are_not_taken_for_the_same(change, recipes, made, data, tmp_path, monkeypatch, quick):
    out = tmp_path / "out"
    build_all(out, data, recipes=recipes)
    card = read_card(out / "needy")
    if change == "version":
        monkeypatch.setattr("safecrs.studies.benchmarks.installed_versions", lambda: {"safecrs": "99"})
        again = build_all(out, data, recipes=recipes)
        assert len(again.new) == 2, "built again, and found to be the same"
        assert len(made) == 4
        return
    if change == "file":
        (data / FILE).write_text("16")
    seed = int(change == "seed")
    with pytest.raises(SafecrsError, match="other inputs, another seed or another version"):
        build_all(out, data, seed=seed, recipes=recipes)
    assert read_card(out / "needy") == card
    build_all(out, data, seed=seed, recipes=recipes, overwrite=True)
    assert read_card(out / "needy").splits["train"].samples == (
        card.splits["train"].samples if seed else 10 - 2
    )


def test_a_run_that_was_stopped_goes_on(recipes, made, data, tmp_path, quick):
    out = tmp_path / "out"

    def stop(stage, *_):
        if stage == "Needy: Evaluate":
            raise Stopped

    with pytest.raises(Stopped):
        build_all(out, data, recipes=recipes, report=stop)
    (out / "needy" / "inputs.json").unlink()  # killed between the benchmark and this note
    built = build_all(out, data, recipes=recipes)
    assert made == [("free", 0), ("needy", 0), ("needy", 0)]
    assert built.new == (out / "needy",)
    assert (out / "report.html").is_file()


def test_what_is_in_the_way_is_left_alone(recipes, tmp_path, quick):
    (tmp_path / "out" / "free").mkdir(parents=True)
    (tmp_path / "out" / "free" / "letter.txt").write_text("dear")
    for overwrite in (False, True):
        with pytest.raises(SafecrsError):
            build_all(tmp_path / "out", recipes=recipes, overwrite=overwrite)
    assert (tmp_path / "out" / "free" / "letter.txt").read_text() == "dear"
    with pytest.raises(SafecrsError, match="is not a folder"):
        build_all(tmp_path / "other", tmp_path / "absent", recipes=recipes)


def test_the_shipped_recipes(tmp_path):
    free = [recipe.title for recipe in RECIPES if not recipe.missing(None)]
    assert free == ["SafeRec-Starter", "SafeGame"]
    assert len({recipe.folder for recipe in RECIPES}) == len(RECIPES)
    game = next(recipe for recipe in RECIPES if recipe.title == "SafeGame")
    assert game.files(None) == game.files(tmp_path) == ()
    (tmp_path / ESRB).parent.mkdir()
    (tmp_path / ESRB).write_text("x")
    assert game.files(tmp_path) == (tmp_path / ESRB,)


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real data (../shared/data) are not here")
def test_inspired_and_games_from_the_real_files(tmp_path):
    chosen = [replace(recipe) for recipe in RECIPES if recipe.folder in ("inspired", "game")]
    built = build_all(tmp_path, SHARED, recipes=chosen)
    assert built.report.parser is not None
    for facts in built.report.benchmarks:
        checks = facts.checks
        assert (checks.ids, checks.people, checks.prompts, checks.unsafe) == (0, 0, 0, 0)
        assert checks.oracle
        assert facts.evaluation is not None
        for system in facts.evaluation.systems:
            if system.label.constraints == "told":
                assert system.metrics["svr"].value == 0.0
    inspired, game = built.report.benchmarks
    assert set(inspired.splits["test"].sources) == {"inspired"}
    assert set(game.splits["test"].sources) == {"synthetic"}
