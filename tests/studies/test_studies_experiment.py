from __future__ import annotations

import json
from dataclasses import replace

import pytest

from safecrs.benchmark import load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import load_evaluation
from safecrs.evaluation.run import evaluate_systems, measure, measure_systems
from safecrs.evaluation.systems import SERVED, Model, Registry, lineup
from safecrs.oracle import Oracle
from safecrs.recommenders.histories import history_rows
from safecrs.recommenders.manifest import MANIFEST, Manifest, load_recommender
from safecrs.recommenders.rankers.collaborative import PopularityRanker
from safecrs.studies.experiment import comparisons, run_experiment
from safecrs.training.preset import load_preset
from tiny_world import SMALL, make_world


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def done(world, tmp_path_factory):
    """An experiment that was stopped twice, in training and in evaluation, and started again each time."""
    folder = tmp_path_factory.mktemp("experiment") / "run"
    told = []

    def report(stop):
        def tell(stage, done, total, detail):
            told.append((stage, done, total))
            if (stage, done) == stop:
                raise Stopped

        return tell

    preset = load_preset("tiny", SMALL)
    for stop in (("Safe-GDPO", 2), ("Evaluate", 50)):
        with pytest.raises(Stopped):
            run_experiment(world.benchmark, preset, folder, report=report(stop))
    outcome = run_experiment(world.benchmark, preset, folder, report=report(None))
    return outcome, preset, told


@pytest.mark.slow
def test_it_leaves_everything(done):
    outcome, _, _ = done
    files = {str(path.relative_to(outcome.folder)) for path in outcome.folder.rglob("*") if path.is_file()}
    assert {
        "report.html",
        "evaluation.json",
        "benchmark/card.json",
        "benchmark/oracle.safetensors",
        "base/config.json",
        "sft/run.json",
        "safe-sft/log.jsonl",
        "safe-gdpo/model/model.safetensors",
        "safe-gdpo/model/recommender.json",
    } <= files
    assert not [name for name in files if name.endswith((".tmp", ".pkl"))]
    assert load_evaluation(outcome.folder / "evaluation.json") == outcome.evaluation
    page = outcome.report.read_text(encoding="utf-8")
    for words in ("SVR of rollouts", "As served", "Safe-GDPO", "token accuracy"):
        assert words in page


@pytest.mark.slow
def test_what_was_done_is_not_done_again(done):
    _, _, told = done
    for stage, steps in (("SFT, no safety", 4), ("Safe-SFT", 4)):
        assert [now for name, now, _ in told if name == stage] == list(range(1, steps + 1))
    # Stopped at the end of step 2, before its checkpoint: only that step is done again.
    assert [now for name, now, _ in told if name == "Safe-GDPO"] == [1, 2, 2]


@pytest.mark.slow
def test_protected_systems_never_violate(done, world):
    evaluation = done[0].evaluation
    told = [system for system in evaluation.systems if system.label.constraints == "told"]
    assert len(told) == 3 * 2 + 3 * 2 + 1
    for system in told:
        if system.metrics["svr"].value is None:  # a model that has hardly learnt may write no title at all
            assert system.name.endswith(" + filter")
            assert all(system.metrics[share].value is None for share in ("unknown", "svr_worst"))
            continue
        assert system.metrics["svr"].value == 0.0, system.name
        assert system.metrics["svr"].high > 0
    for system in told:
        if "constrained" in system.name:
            assert system.metrics["validity"].value == 1.0
            assert system.metrics["repeats"].value == 0.0
            assert system.metrics["length"].value == 10.0
    strict = evaluation.system("Safe-GDPO + constrained, no unknowns")
    assert strict.metrics["unknown"].value == 0.0
    assert evaluation.system("Popularity").metrics["svr"].value > 0


@pytest.mark.slow
def test_comparisons_name_measured_systems(done):
    evaluation = done[0].evaluation
    pairs = {(c.system, c.baseline) for c in evaluation.comparisons}
    assert ("Safe-SFT", "SFT, no safety") in pairs
    assert all(first != second for first, second in pairs)


@pytest.mark.slow
def test_it_can_be_measured_again_from_its_folder(done):
    outcome, _, _ = done
    model = Model.parse(f"Again={outcome.model}")
    assert model.manifest.reasons
    benchmark = load_benchmark(outcome.folder / "benchmark")
    again = evaluate_systems(benchmark, lineup(benchmark, [model]))
    assert (
        again.system("Again + constrained").metrics
        == outcome.evaluation.system("Safe-GDPO + constrained").metrics
    )
    assert not Model("Plain", outcome.folder / "sft" / "model").manifest.reasons


@pytest.mark.slow
def test_the_trained_model_serves(done):
    outcome, _, _ = done
    recommender = load_recommender(outcome.model, oracle=Oracle.load(outcome.oracle))
    answer = recommender.recommend("I liked Film 1 (1961). Please, no blood and gore.", k=5)
    assert "gore" in answer.constraints
    assert len(answer.suggestions) == 5
    assert not recommender.oracle.unsafe(answer.constraints)[[item.row for item in answer.suggestions]].any()


@pytest.mark.slow
def test_other_data_in_the_same_folder_is_refused_before_anything_is_lost(done):
    outcome, preset, _ = done
    card = (outcome.folder / "benchmark" / "card.json").read_text()
    other = make_world(people=12)
    with pytest.raises(SafecrsError, match="experiment on other data"):
        run_experiment(other.benchmark, preset, outcome.folder)
    assert (outcome.folder / "benchmark" / "card.json").read_text() == card
    changed = load_preset("tiny", [*SMALL, "safe_sft.learning_rate=1e-5"])
    with pytest.raises(SafecrsError, match="other settings"):
        run_experiment(make_world().benchmark, changed, outcome.folder)


def test_classic_systems_and_their_slates(world, tmp_path):
    benchmark = world.benchmark
    asked = []
    first = evaluate_systems(
        benchmark, lineup(benchmark), store=tmp_path, report=lambda *step: asked.append(step)
    )
    assert [step[1] for step in asked][-1] == asked[0][2] == 10 * len(first.systems)
    assert first.comparisons == []
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == len(first.systems)
    assert evaluate_systems(benchmark, lineup(benchmark), store=tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    for system in first.systems:
        if system.name.endswith("no unknowns"):
            assert system.metrics["unknown"].value == system.metrics["svr_worst"].value == 0.0
    # Other tastes to learn from are other slates, although the test samples are the same.
    poorer = replace(benchmark, histories=benchmark.histories[:2])
    changed = evaluate_systems(poorer, lineup(poorer), store=tmp_path)
    assert changed.system("Popularity").metrics != first.system("Popularity").metrics


def test_another_version_does_not_reuse_slates(world, tmp_path, monkeypatch):
    benchmark = world.benchmark
    evaluate_systems(benchmark, lineup(benchmark), store=tmp_path)
    files = set(tmp_path.iterdir())
    monkeypatch.setattr("safecrs.evaluation.run.installed_versions", lambda: {"safecrs": "99"})
    evaluate_systems(benchmark, lineup(benchmark), store=tmp_path)
    assert len(set(tmp_path.iterdir()) - files) == len(files)


def test_slates_are_asked_again_only_when_their_own_model_changes(world, tmp_path):
    def weights(name, content, *, reasons):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "model.safetensors").write_bytes(content)
        Manifest.of_model(reasons=reasons).write(tmp_path / name)
        return Model(name.upper(), tmp_path / name)

    def asked(*models):
        """Systems that are asked, of models whose answers do not depend on their weights."""
        made = []

        def popularity(label):
            made.append(label.name)
            rows = history_rows(world.benchmark.histories, world.catalog)
            return PopularityRanker(world.catalog, rows)

        registry = Registry(world.benchmark, models)
        registry._ranker = popularity
        systems = [registry.system("Popularity")]
        for model in models:
            systems += [registry.system(model.name), registry.system(model.name, "filtered", "told")]
        samples = world.benchmark.split("test")
        measure_systems(world.benchmark, systems, samples, store=tmp_path / "slates")
        return made

    first, second = weights("a", b"1", reasons=False), weights("b", b"2", reasons=True)
    assert asked(first) == ["Popularity", "A", "A + filter"]
    assert asked(first) == []
    assert asked(first, second) == ["B", "B + filter"]
    assert asked(second, first) == []
    weights("a", b"1", reasons=True)
    assert asked(first, second) == ["A", "A + filter"]
    weights("b", b"3", reasons=True)
    assert asked(first, second) == ["B", "B + filter"]


def test_the_served_recommender_is_measured_without_test_people(world):
    registry = Registry(world.benchmark)
    people = {sample.id.split(":")[1] for sample in world.benchmark.split("test")}
    liked = {**{person: [0, 1] for person in people}, "somebody else": [2]}
    assert registry.as_served().label.name == SERVED
    kept = registry.served_histories(liked)
    assert kept == [[2]]


@pytest.mark.parametrize("names", [("Popularity",), ("Mine", "Mine")])
def test_models_need_names_of_their_own(world, tmp_path, names):
    models = [Model(name, tmp_path) for name in names]
    with pytest.raises(SafecrsError, match=f"would be called '{names[-1]}'"):
        lineup(world.benchmark, models)


@pytest.mark.parametrize("text", ["folder", "=folder", " =folder"])
def test_a_model_is_name_and_folder(text):
    with pytest.raises(SafecrsError, match="NAME=FOLDER"):
        Model.parse(text)


def test_a_folder_without_a_recommender_is_told(tmp_path):
    with pytest.raises(SafecrsError, match=r"holds no recommender"):
        Model.parse(f"Mine={tmp_path / 'model'}")
    (tmp_path / "run.json").write_text(json.dumps({"stage": "sft"}))
    with pytest.raises(SafecrsError, match=f"no {MANIFEST}.*train card"):
        Model.parse(f"Mine={tmp_path / 'model'}")


def test_comparisons_need_an_unsafe_system_only(world):
    benchmark = world.benchmark
    samples = world.benchmark.split("test")
    measured = [measure(system, samples, world.oracle) for system in lineup(benchmark)]
    strongest = {pair[1] for pair in comparisons(measured) if pair[0] == "Safe-GDPO"}
    assert strongest & {"Popularity", "BM25", "Neighbours"}
