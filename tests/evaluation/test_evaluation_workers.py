"""Slates from Ray workers: the same as from one process, kept block by block, nothing private on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from safecrs.benchmark import save_benchmark
from safecrs.benchmark.store import load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.run import evaluate_systems
from safecrs.evaluation.slate_store import BLOCK, Slates
from safecrs.evaluation.systems import Model, lineup
from safecrs.evaluation.workers import Asker, ask_in_parallel
from safecrs.recommenders.manifest import Manifest
from tiny_world import make_world

LIMIT = BLOCK + 6
"""Two blocks, the second one short."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = tmp_path_factory.mktemp("workers") / "benchmark"
    world = make_world(people=150)
    save_benchmark(world.benchmark, target)
    return target


def rows(name, *starts):
    return {"system": np.array([name] * len(starts)), "start": np.array(starts)}


def test_a_worker_answers_blocks_as_one_process_does(folder, tmp_path):
    benchmark = load_benchmark(folder)
    evaluate_systems(benchmark, lineup(benchmark), limit=LIMIT, store=tmp_path)
    asker = Asker(folder, [], "test", LIMIT)
    for file, name in (("popularity", "Popularity"), ("neighbours-filter", "Neighbours + filter")):
        whole = json.loads((tmp_path / f"{file}.json").read_text())["slates"]
        answer = asker(rows(name, BLOCK, 0))
        assert answer["error"] == ["", ""]
        assert answer["start"] == [BLOCK, 0]
        blocks = [Slates.parse(json.loads(slates)) for slates in answer["slates"]]
        assert [json.loads(json.dumps(block.slates)) for block in blocks] == [whole[BLOCK:], whole[:BLOCK]]
        assert all(block.seconds for block in blocks)


def test_an_error_in_a_worker_quotes_nobody(folder, tmp_path, monkeypatch):
    def quote(_self, requests, _k=10):
        raise ValueError(requests[0].messages[0].content)

    monkeypatch.setattr("safecrs.recommenders.rankers.collaborative.PopularityRanker.recommend", quote)
    answer = Asker(folder, [], "test", LIMIT)(rows("Popularity", 0))
    (told,) = answer["error"]
    assert "ValueError" in told
    assert "gore" not in told
    assert "Film" not in told
    (told,) = Asker(tmp_path / "gone", [], "test", LIMIT)(rows("Popularity", 0))["error"]
    assert str(tmp_path / "gone") in told


def test_without_ray_it_is_said(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    for name in ("RAY_USAGE_STATS_ENABLED", "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_BACKEND_LOG_LEVEL"):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back afterwards
    with pytest.raises(SafecrsError, match=r"pip install -e '\.\[ray\]'"):
        ask_in_parallel(folder, [], "test", tmp_path, 2, limit=4)


class Stopped(Exception):
    """Stands for Ctrl-C."""


def workers_alive():
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if name.startswith(b"ray::MapWorker"):
                found.append(int(entry.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (the extra 'ray')")
def test_two_workers_give_the_slates_of_one_process(folder, tmp_path):
    """Stopped half way and continued; then one of the workers is killed, and still nothing is missing."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # Ray's driver can abort its process, other tests with it
        env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        alone = [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "-p", "no:cacheprovider"]
        name = f"{__file__}::test_two_workers_give_the_slates_of_one_process"
        done = subprocess.run([*alone, name], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:]
        return
    from safecrs.training.models.base import base_model
    from safecrs.training.models.tiny import TinySize
    from safecrs.training.preset import ModelSpec

    there = set(Path(tempfile.gettempdir()).glob("safecrs-ray-*"))  # another's
    benchmark = load_benchmark(folder)
    size = TinySize(hidden=32, layers=1, heads=2, inner=16, context=512, vocabulary=300, tastes=4)
    made = base_model(ModelSpec(size=size), benchmark, benchmark.oracle, tmp_path / "model")
    Manifest.of_model(reasons=True).write(made)
    models = [Model("Tiny", made)]
    one, two = tmp_path / "one", tmp_path / "two"
    expected = evaluate_systems(benchmark, lineup(benchmark, models), limit=LIMIT, store=one)
    total = len(expected.systems) * LIMIT
    told: list[int] = []
    logs: dict[str, bytes] = {}

    def look(done):
        for path in Path(tempfile.gettempdir()).glob("safecrs-ray-*/session_2*/logs/**/*"):
            if path.is_file() and done < total:
                logs[str(path)] = path.read_bytes()

    def stop_half_way(_stage, done, _total, _name):
        told.append(done)
        if done > total // 2:
            look(done)
            raise Stopped

    def kill_one(_stage, done, _total, _name):
        told.append(done)
        if len(told) == 2:
            os.kill(workers_alive()[0], signal.SIGKILL)
        if len(told) > 2:
            look(done)

    with pytest.raises(Stopped):
        ask_in_parallel(folder, models, "test", two, 2, limit=LIMIT, report=stop_half_way)
    before = told[-1]
    assert told[0] == 0
    assert workers_alive() == []
    told.clear()
    ask_in_parallel(folder, models, "test", two, 2, limit=LIMIT, report=kill_one)
    assert told[0] == before, "what was answered is not asked again"
    assert told[-1] == total
    for path in one.iterdir():
        a, b = (json.loads((store / path.name).read_text()) for store in (one, two))
        assert (a["key"], a["slates"]) == (b["key"], b["slates"]), path.name
    assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}
    again = evaluate_systems(benchmark, lineup(benchmark, models), limit=LIMIT, store=two)
    for mine, theirs in zip(again.systems, expected.systems, strict=True):
        assert mine.metrics == theirs.metrics
    # Nothing of a conversation, nor of what was disclosed, reached Ray's logs.
    said = [message.content for sample in benchmark.split("test") for message in sample.prompt]
    written = b"".join(logs.values())
    assert len(written) > 1000
    assert not any(text.encode() in written for text in said)
    for word in (b"no blood and gore", b"nightmares", b"what else is there"):
        assert word not in written
    left = set(Path(tempfile.gettempdir()).glob("safecrs-ray-*")) - there
    assert not left
