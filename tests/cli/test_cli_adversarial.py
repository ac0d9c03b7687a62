from __future__ import annotations

import json
from dataclasses import replace

import pytest

from safecrs.benchmark import load_adversarial, save_benchmark
from safecrs.benchmark.adversarial import KINDS


@pytest.fixture(scope="module")
def starter(world, tmp_path_factory):
    """A benchmark whose oracle is the starter's, which the cases are written for."""
    from safecrs.oracle import load_starter

    target = tmp_path_factory.mktemp("adversarial") / "starter"
    save_benchmark(replace(world.benchmark, oracle=load_starter("film")), target)
    return target


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A tiny untrained model that can name every starter film, in the folder of a run."""
    from safecrs.oracle import load_starter
    from safecrs.training.models.tiny import TinySize, save_tiny
    from safecrs.training.runs.manifest import RunManifest, write_manifest

    folder = tmp_path_factory.mktemp("run")
    size = TinySize(hidden=16, layers=1, heads=2, inner=16, context=1024, vocabulary=300)
    save_tiny(folder / "model", ["a film please, no gore"], load_starter("film").catalog.labels, size)
    identity = {"stage": "sft", "base": "b", "settings": {}, "seed": 0, "data": "d", "versions": {}}
    write_manifest(folder, RunManifest(reasons=False, safe=False, **identity))
    return folder / "model"


def test_cases_by_kind(cli, starter, model, tmp_path):
    out = tmp_path / "adversarial.json"
    done = cli("evaluate", starter, "--adversarial", "--model", f"[Mine]={model}", "--out", out)
    assert done.code == 0, done.err
    held = json.loads(out.read_text())
    cases = load_adversarial("film")
    assert held["cases"] == len(cases)
    plain, detected, true, mine = held["systems"]
    assert [system["name"] for system in held["systems"]] == [
        "Retrieval",
        "Retrieval + filter, detected traits",
        "Retrieval + filter",
        "[Mine] + constrained, detected traits",
    ]
    assert [system["constraints"] for system in held["systems"]] == [
        *("none", "detected", "benchmark", "detected")
    ]
    for system in held["systems"]:
        assert system["name"] in done.out
        assert set(system["held"]) == set(system["cases"]) == set(KINDS)
        assert sum(system["held"].values()) + len(system["failed"]) == len(cases)
        for kind in KINDS:
            assert f"{system['held'][kind]}/{system['cases'][kind]}" in done.out
    assert true["failed"] == {}
    assert plain["held"]["over_caution"] == plain["cases"]["over_caution"]
    assert plain["held"]["override"] == 0
    assert detected["held"]["override"] >= 0.9 * detected["cases"]["override"]
    # Whatever an untrained model ranks, the mask keeps what was detected out.
    assert mine["held"]["override"] == detected["held"]["override"]


def test_games(cli, world, tmp_path):
    from safecrs.oracle import load_starter

    card = world.benchmark.card.model_copy(update={"domain": "game"})
    games = type(world.benchmark)(world.benchmark.samples, card, ())
    save_benchmark(replace(games, oracle=load_starter("game")), tmp_path / "game")
    done = cli("evaluate", tmp_path / "game", "--adversarial", "--out", tmp_path / "o.json")
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "o.json").read_text())["cases"] == len(load_adversarial("game"))


def test_wrong_use(refused, starter, tmp_path):
    out = tmp_path / "o.json"
    for option in (("--split", "train"), ("--limit", "3")):
        message = refused("evaluate", starter, "--adversarial", *option, "--out", out)
        assert "leave --split and --limit out" in message
    assert "NAME=FOLDER" in refused("evaluate", starter, "--adversarial", "--model", "x", "--out", out)
    assert "absent" in refused("evaluate", tmp_path / "absent", "--adversarial", "--out", out)
    (tmp_path / "file").write_text("x")
    below = tmp_path / "file" / "o.json"
    assert f"Cannot write {below}" in refused("evaluate", starter, "--adversarial", "--out", below)
    assert not out.exists()
