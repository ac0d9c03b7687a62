"""Slates from workers: the same as from one process, kept block by block, nothing private on the way."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from safecrs.benchmark import save_benchmark
from safecrs.benchmark.store import load_benchmark
from safecrs.errors import SafecrsError
from safecrs.evaluation.run import evaluate_systems
from safecrs.evaluation.slate_store import BLOCK, Slates, SlateStore
from safecrs.evaluation.systems import Model, lineup
from safecrs.evaluation.workers import Asker, _environments, ask_in_parallel, ask_processes
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
        (path,) = tmp_path.glob(f"{file}-????????????????.jsonl")
        whole = SlateStore(path, LIMIT).join().slates
        answer = asker(rows(name, BLOCK, 0))
        assert answer["error"] == ["", ""]
        assert answer["start"] == [BLOCK, 0]
        blocks = [Slates.parse(json.loads(slates)) for slates in answer["slates"]]
        assert [block.slates for block in blocks] == [whole[BLOCK:], whole[:BLOCK]]
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


def test_without_ray_a_cluster_is_not_to_be_had(folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    with pytest.raises(SafecrsError, match=r"pip install -e '\.\[ray\]'"):
        ask_in_parallel(folder, [], "test", tmp_path, 2, limit=4)


def children():
    """Process ids of the workers of this process."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
            if (
                int(parent) == os.getpid()
                and b"safecrs.evaluation.workers" in (entry / "cmdline").read_bytes()
            ):
                found.append(int(entry.name))
    return found


def test_a_worker_that_dies_is_started_again_but_not_for_ever(tmp_path, monkeypatch):
    (tmp_path / "dying.py").write_text(
        "import json, os, pathlib, sys\n"
        "task = json.loads(input())\n"
        "for line in sys.stdin:\n"
        "    number, count = json.loads(line), pathlib.Path(task['folder'], line.strip())\n"
        "    count.write_text(count.read_text() + '.' if count.exists() else '.')\n"
        "    if len(count.read_text()) < number: os._exit(1)\n"
        "    print(json.dumps(number), flush=True)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    told = []
    task = {"folder": str(tmp_path)}
    ask_processes("dying", task, [1, 2, 3, 1], [{}, {}], told.append)
    assert sorted(told) == [1, 1, 2, 3]
    with pytest.raises(SafecrsError, match="died 3 times"):
        ask_processes("dying", task, [5], [{}], told.append)


def test_environments_share_cores_and_gpus(monkeypatch):
    import torch

    monkeypatch.setattr("os.cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    model = Model("Tiny", Path("x"))
    assert _environments(3, []) == [{"OMP_NUM_THREADS": "2"}] * 3
    shared = [{"OMP_NUM_THREADS": "4", "CUDA_VISIBLE_DEVICES": device} for device in "01"]
    assert _environments(3, [model]) == shared
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a,GPU-b")
    assert [each["CUDA_VISIBLE_DEVICES"] for each in _environments(2, [model])] == ["GPU-a", "GPU-b"]


class Stopped(Exception):
    """Stands for Ctrl-C."""


@pytest.fixture(scope="module")
def models(folder, tmp_path_factory):
    from safecrs.training.models.base import base_model
    from safecrs.training.models.spec import ModelSpec
    from safecrs.training.models.tiny import TinySize

    benchmark = load_benchmark(folder)
    size = TinySize(hidden=48, layers=1, heads=2, inner=16, context=512, vocabulary=300, tastes=4)
    made = base_model(ModelSpec(size=size), benchmark, tmp_path_factory.mktemp("model") / "model")
    Manifest.of_model(reasons=True).write(made)
    return [Model("Tiny", made)]


def assert_equal_slates(one, two):
    assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}
    for path in one.iterdir():
        a, b = (SlateStore(store / path.name, LIMIT).join().slates for store in (one, two))
        assert a == b, path.name


@pytest.mark.slow
def test_two_workers_give_the_slates_of_one_process(folder, models, tmp_path):
    """Stopped half way and continued; then one of the workers is killed, and still nothing is missing."""
    benchmark = load_benchmark(folder)
    one, two = tmp_path / "one", tmp_path / "two"
    expected = evaluate_systems(benchmark, lineup(benchmark, models), limit=LIMIT, store=one)
    total = len(expected.systems) * LIMIT
    told: list[int] = []

    def stop_half_way(_stage, done, _total, _name):
        told.append(done)
        if done > total // 2:
            raise Stopped

    def kill_one(_stage, done, _total, _name):
        told.append(done)
        if len(told) == 2:
            os.kill(children()[0], signal.SIGKILL)

    with pytest.raises(Stopped):
        ask_in_parallel(folder, models, "test", two, 2, limit=LIMIT, report=stop_half_way)
    before = told[-1]
    assert told[0] == 0
    assert children() == []
    told.clear()
    ask_in_parallel(folder, models, "test", two, 2, limit=LIMIT, report=kill_one)
    assert told[0] == before, "what was answered is not asked again"
    assert told[-1] == total
    assert children() == []
    assert_equal_slates(one, two)
    again = evaluate_systems(benchmark, lineup(benchmark, models), limit=LIMIT, store=two)
    for mine, theirs in zip(again.systems, expected.systems, strict=True):
        assert mine.metrics == theirs.metrics


CLUSTER = """
import ray, sys
ray.init(num_cpus=2, include_dashboard=False, _temp_dir=sys.argv[1], object_store_memory=100 * 2**20,
         log_to_driver=False, logging_level="ERROR")
print(ray.get_runtime_context().gcs_address, flush=True)
sys.stdin.read()
"""
DRIVER = """
import sys
from pathlib import Path
from safecrs.evaluation.workers import ask_in_parallel
ask_in_parallel(Path(sys.argv[1]), [], "test", Path(sys.argv[2]), 2, limit=int(sys.argv[3]))
"""


@pytest.mark.slow
@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed (the extra 'ray')")
def test_the_workers_of_a_cluster_give_the_same_slates(folder, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    benchmark = load_benchmark(folder)
    evaluate_systems(benchmark, lineup(benchmark), limit=LIMIT, store=one)
    env = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    env |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as scratch:
        cluster = subprocess.Popen(
            [sys.executable, "-c", CLUSTER, scratch],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            address = cluster.stdout.readline().strip()
            done = subprocess.run(
                [sys.executable, "-c", DRIVER, folder, two, str(LIMIT)],
                env=env | {"RAY_ADDRESS": address},
                capture_output=True,
                text=True,
                check=False,
            )
            logs = b"".join(
                path.read_bytes() for path in Path(scratch).glob("session_2*/logs/**/*") if path.is_file()
            )
        finally:
            cluster.communicate()
    assert done.returncode == 0, done.stderr
    assert_equal_slates(one, two)
    # Nothing of a conversation, nor of what was disclosed, reached Ray's logs.
    said = [message.content for sample in load_benchmark(folder).split("test") for message in sample.prompt]
    assert len(logs) > 1000
    assert not any(text.encode() in logs for text in said)
    for word in (b"no blood and gore", b"nightmares", b"what else is there"):
        assert word not in logs
