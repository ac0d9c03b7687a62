from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from safecrs.cli.output import evaluation_table
from safecrs.errors import SafecrsError
from safecrs.scoring.metrics import METRICS
from safecrs.studies.ablations import ABLATIONS, NO_SAFETY, AblationResult, compare_ablations
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import load_preset, preset_names
from safecrs.training.runs.manifest import read_manifest
from tiny_world import SMALL

CHOSEN = [method for method in ABLATIONS if method.name in (NO_SAFETY, "DPO", "Safe-GDPO")]


@pytest.fixture(scope="module")
def done(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("methods")
    study = world.benchmark
    told = []

    def run():
        return compare_ablations(
            study,
            load_preset("tiny", SMALL),
            folder,
            seeds=(0, 1),
            ablations=CHOSEN,
            report=lambda stage, *_: told.append(stage),
        )

    first = run()
    trained = len(told)
    again = run()
    return folder, first, again, told[trained:]


def test_every_method_differs_from_the_preset_by_what_it_says():
    recipe = load_preset("tiny")
    preset = recipe.gdpo
    by_name = {method.name: method.of(recipe).gdpo for method in ABLATIONS}
    assert len(by_name) == len(ABLATIONS) == len({method.run for method in ABLATIONS})
    assert {method.objective for method in ABLATIONS} <= set(OBJECTIVES)
    assert len({(one.objective, one.of(recipe).model_dump_json()) for one in ABLATIONS}) == len(ABLATIONS)
    assert "safety" not in by_name[NO_SAFETY].rewards.weights
    assert "count" not in by_name["Safe-GDPO, no count"].rewards.weights
    assert by_name["Safe-GDPO, no count"].rewards.safety == preset.rewards.safety
    assert by_name["Safe-GDPO, sequence"].credit == "sequence"
    assert by_name["Safe-GRPO"].aggregation == "grpo"
    (constrained,) = [method.of(recipe) for method in ABLATIONS if "constrained" in method.name]
    assert constrained.selection.decoding == "constrained"
    assert constrained.selection.samples == recipe.selection.samples
    assert ABLATIONS[0].of(recipe).selection == recipe.selection
    (alone,) = (method for method in ABLATIONS if method.run == "safety-alone")
    for name in preset_names():
        found = alone.of(load_preset(name))
        assert list(found.gdpo.rewards.weights) == ["safety"]
        assert found.selection.samples == 0, "the checkpoint with the best recall would hide the hacking"


def test_without_safety_nothing_pays_for_the_safety_analysis():
    """It starts from a model that writes none, and the format reward asks for nothing else."""
    (method,) = (method for method in ABLATIONS if method.name == NO_SAFETY)
    for name in preset_names():
        preset = load_preset(name, ("gdpo.rewards.format=1.0",))
        assert "format" in ABLATIONS[2].of(preset).gdpo.rewards.weights
        unpaid = method.of(preset)
        assert not {"format", "safety"} & set(unpaid.gdpo.rewards.weights)
        assert unpaid.gdpo.rewards.relevance == preset.gdpo.rewards.relevance
        assert unpaid.selection == preset.selection


@pytest.mark.slow
def test_methods_start_from_the_model_they_name(done):
    folder, *_ = done
    for seed in (0, 1):
        home = folder / f"seed-{seed}"
        unsafe, dpo, safe = (read_manifest(home / method.run) for method in CHOSEN)
        assert unsafe.base != safe.base == dpo.base
        assert dpo.stage == "dpo"
        assert unsafe.seed == safe.seed == seed
    bases = [(folder / f"seed-{seed}" / "sft" / "model" / "model.safetensors") for seed in (0, 1)]
    assert bases[0].read_bytes() != bases[1].read_bytes()


@pytest.mark.slow
def test_seeds_are_pooled_without_passing_for_more_people(done, world):
    folder, result, _, _ = done
    test = world.benchmark.split("test")
    assert result.evaluation.samples == len(test)
    assert result.evaluation.clusters <= len(test)
    assert result.seeds == [0, 1]
    for system, spread in zip(result.evaluation.systems, result.spread, strict=True):
        assert system.name == spread.system
        for metric in METRICS:
            values = spread.by_seed[metric.id]
            assert len(values) == 2
            if metric.id == "recall":  # a mean over the same conversations each time
                assert system.metrics["recall"].value == pytest.approx(np.mean(values))
    classic = next(spread for spread in result.spread if spread.system == "Popularity")
    assert classic.deviation("recall") == 0
    names = [system.name for system in result.evaluation.systems]
    assert {"Safe-GDPO", "Safe-GDPO + constrained", NO_SAFETY, "Safe-SFT"} <= set(names)
    for system in result.evaluation.systems:
        if system.label.constraints == "told":
            assert system.metrics["svr"].value == 0
    stored = json.loads((folder / "ablations.json").read_text(encoding="utf-8"))
    assert AblationResult.model_validate(stored) == result


@pytest.mark.slow
def test_the_table_tells_the_deviation_over_seeds(done):
    _, result, _, _ = done
    screen = Console(width=200, file=io.StringIO())
    screen.print(evaluation_table(result.evaluation, result.spread))
    rows = {line.split("  ")[0].strip(): line for line in screen.file.getvalue().splitlines()}
    deviation = next(spread for spread in result.spread if spread.system == "Safe-SFT").deviation("length")
    assert f"±{deviation:.3f}" in rows["Safe-SFT"]
    assert "±" not in rows["Popularity"]


@pytest.mark.slow
def test_what_was_done_is_not_done_again(done):
    _, first, again, told = done
    assert again.evaluation.systems == first.evaluation.systems
    assert set(told) == {"Evaluate"}


def named(benchmark, name):
    return replace(benchmark, card=benchmark.card.model_copy(update={"name": name}))


@pytest.mark.slow
def test_the_same_models_are_measured_on_another_benchmark(done, world):
    folder, first, *_ = done
    study = world.benchmark
    other = named(world.benchmark, "Other")
    other = replace(other, samples=[sample for sample in other.samples if sample.split != "validation"][:-1])
    tested = other
    told = []
    second = compare_ablations(
        study,
        load_preset("tiny", SMALL),
        folder,
        test=tested,
        seeds=(0, 1),
        ablations=CHOSEN,
        report=lambda stage, *_: told.append(stage),
    )
    assert set(told) == {"Evaluate"}
    assert second.evaluation.samples == first.evaluation.samples - 1
    assert json.loads((folder / "ablations-other.json").read_text(encoding="utf-8"))["seeds"] == [0, 1]
    assert json.loads((folder / "ablations.json").read_text(encoding="utf-8")) == first.model_dump(
        mode="json"
    )


def test_people_who_were_trained_on_are_not_tested_on(world, tmp_path):
    study = world.benchmark
    swapped = {"train": "test", "test": "train"}
    samples = [
        sample.model_copy(update={"split": swapped.get(sample.split, sample.split)})
        for sample in world.benchmark.samples
    ]
    tested = replace(world.benchmark, samples=samples)
    with pytest.raises(SafecrsError, match=r"\d+ test conversations .* build both with the same seed"):
        compare_ablations(study, load_preset("tiny"), tmp_path, test=tested)
    assert not list(tmp_path.iterdir())


def test_seeds_are_checked(world, tmp_path):
    study = world.benchmark
    for seeds in ((), (1, 1)):
        with pytest.raises(SafecrsError, match="at least one seed, and each once"):
            compare_ablations(study, load_preset("tiny"), tmp_path, seeds=seeds)
