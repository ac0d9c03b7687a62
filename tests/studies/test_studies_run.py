from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest

from safecrs.errors import SafecrsError
from safecrs.evaluation import System, load_evaluation
from safecrs.evaluation.run import evaluate_folder, measure_all, measure_systems
from safecrs.evaluation.systems import Trained, comparisons, lineup, model_of, named_model
from safecrs.recommenders.histories import history_rows
from safecrs.recommenders.rankers.popularity import PopularityRanker
from safecrs.recommenders.recommender import Recommender
from safecrs.studies.experiment import run_experiment
from safecrs.training.preset import load_preset
from tiny_world import SMALL, make_world


def study_of(world):
    return world.benchmark


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
            run_experiment(study_of(world), preset, folder, report=report(stop))
    outcome = run_experiment(study_of(world), preset, folder, report=report(None))
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
    } <= files
    assert not [name for name in files if name.endswith((".tmp", ".pkl"))]
    assert load_evaluation(outcome.folder / "evaluation.json") == outcome.evaluation
    page = outcome.report.read_text(encoding="utf-8")
    for words in ("It is tiny.", "SVR of rollouts", "Safe-GDPO", "token accuracy"):
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
    told = [system for system in evaluation.systems if system.constraints == "benchmark"]
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
    model = named_model(f"Again={outcome.model}")
    assert model.reasons
    again = evaluate_folder(outcome.folder / "benchmark", [model], "test")
    assert (
        again.system("Again + constrained").metrics
        == outcome.evaluation.system("Safe-GDPO + constrained").metrics
    )
    unsafe = named_model(f"Plain={outcome.folder / 'sft' / 'model'}")
    assert not unsafe.reasons


@pytest.mark.slow
def test_the_trained_model_serves(done):
    outcome, _, _ = done
    recommender = Recommender.load(oracle=outcome.oracle, model=outcome.model)
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
        run_experiment(study_of(other), preset, outcome.folder)
    assert (outcome.folder / "benchmark" / "card.json").read_text() == card
    changed = load_preset("tiny", [*SMALL, "safe_sft.learning_rate=1e-5"])
    with pytest.raises(SafecrsError, match="other settings"):
        run_experiment(study_of(make_world()), changed, outcome.folder)


def test_classic_systems_and_their_slates(world, tmp_path):
    study = study_of(world)
    asked = []
    first = measure_all(study, [], store=tmp_path, report=lambda *step: asked.append(step))
    assert [step[1] for step in asked][-1] == asked[0][2] == 10 * len(first.systems)
    assert first.comparisons == []
    files = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert len(files) == len(first.systems)
    assert measure_all(study, [], store=tmp_path) == first
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == files
    for system in first.systems:
        if system.name.endswith("no unknowns"):
            assert system.metrics["unknown"].value == system.metrics["svr_worst"].value == 0.0
    # Other tastes to learn from are other slates, although the test samples are the same.
    poorer = replace(study, histories=study.histories[:2])
    changed = measure_all(poorer, [], store=tmp_path)
    assert changed.system("Popularity").metrics != first.system("Popularity").metrics


def test_another_version_does_not_reuse_slates(world, tmp_path, monkeypatch):
    study = study_of(world)
    measure_all(study, [], store=tmp_path)
    keys = {path.name: json.loads(path.read_text())["key"] for path in tmp_path.iterdir()}
    monkeypatch.setattr("safecrs.evaluation.run.installed_versions", lambda: {"safecrs": "99"})
    measure_all(study, [], store=tmp_path)
    assert all(json.loads(path.read_text())["key"] != keys[path.name] for path in tmp_path.iterdir())


class Asked:
    """Measures models whose answers do not depend on their weights, and tells which systems were asked."""

    def __init__(self, world, store):
        self.study, self.store = study_of(world), store
        self.samples = world.benchmark.split("test")
        self.policy = PopularityRanker(world.catalog, history_rows(world.benchmark.histories, world.catalog))
        self.asked = []

    def __call__(self, models):
        def made(name):
            self.asked.append(name)
            return self.policy

        self.asked = []
        names = ["Popularity", *(f"{model.name}{end}" for model in models for end in ("", " + filter"))]
        systems = [System(name, partial(made, name)) for name in names]
        measure_systems(self.study, models, systems, self.samples, store=self.store)
        return self.asked


def test_slates_are_asked_again_only_when_their_own_model_changes(world, tmp_path):
    def weights(name, content):
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "model.safetensors").write_bytes(content)
        return tmp_path / name

    measure = Asked(world, tmp_path / "slates")
    first = Trained("A", weights("a", b"1"), reasons=False)
    second = Trained("B", weights("b", b"2"), reasons=True)
    assert measure([first]) == ["Popularity", "A", "A + filter"]
    assert measure([first]) == []
    assert measure([first, second]) == ["B", "B + filter"]
    assert measure([second, first]) == []
    assert measure([replace(first, reasons=True), second]) == ["A", "A + filter"]
    weights("b", b"3")
    assert measure([replace(first, reasons=True), second]) == ["B", "B + filter"]


def test_the_model_of_a_system(world, tmp_path):
    models = [Trained("Mine, too", tmp_path, reasons=False)]
    of = {model_of(system.name) for system in lineup(study_of(world), models)}
    assert of == {"Popularity", "Retrieval", "Neighbours", "Mine, too"}
    for refuse in (
        lambda: named_model(f"Mine + filter={tmp_path}"),
        lambda: lineup(study_of(world), [Trained("Mine + filter", tmp_path, reasons=False)]),
    ):
        with pytest.raises(SafecrsError, match=r"cannot be called 'Mine \+ filter'"):
            refuse()


@pytest.mark.parametrize("names", [("Popularity",), ("Mine", "Mine")])
def test_models_need_names_of_their_own(world, tmp_path, names):
    models = [Trained(name, tmp_path, reasons=False) for name in names]
    with pytest.raises(SafecrsError, match=f"would be called '{names[-1]}'"):
        lineup(study_of(world), models)


@pytest.mark.parametrize("text", ["folder", "=folder", " =folder"])
def test_a_model_is_name_and_folder(text):
    with pytest.raises(SafecrsError, match="NAME=FOLDER"):
        named_model(text)


def test_a_model_without_a_run_is_told(tmp_path):
    with pytest.raises(SafecrsError, match=r"run\.json does not exist"):
        named_model(f"Mine={tmp_path / 'model'}")
    (tmp_path / "run.json").write_text(json.dumps({"stage": "sft"}))
    with pytest.raises(SafecrsError, match="not the manifest of a run"):
        named_model(f"Mine={tmp_path / 'model'}")


def test_comparisons_need_an_unsafe_system_only(world):
    from safecrs.evaluation.evaluate import measure

    study = study_of(world)
    samples = world.benchmark.split("test")
    measured = [measure(system, samples, world.oracle) for system in lineup(study, [])]
    strongest = {pair[1] for pair in comparisons(measured) if pair[0] == "Safe-GDPO"}
    assert strongest & {"Popularity", "Retrieval", "Neighbours"}
