"""A build that asks a language model, killed in the middle, goes on where it stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from safecrs.benchmark import load_benchmark
from safecrs.benchmark.assignment.llm import CHOSEN, NONE_AGREES, UNREADABLE

pytest.importorskip("openai", reason="the extra llm is not installed")
from chat_server import ChatServer, Reply

ANSWERED = 20


def answer(body):
    """This model's answer depends on the question alone: the first or last trait, none, or nonsense."""
    system, user = (message["content"] for message in body["messages"])
    offered = re.findall(r"^- (\w+): ", system, re.MULTILINE)
    kind = sum(user.encode()) % 8
    if kind == 0:
        return "I cannot decide."
    return json.dumps({"traits": [] if kind == 1 else [offered[0 if kind % 2 else -1]]})


def asked(server):
    return Counter(json.dumps(body["messages"], sort_keys=True) for body in server.requests)


@pytest.fixture
def requests(tmp_path):
    """Requests about starter films, and the films with ids."""
    from safecrs.starter import read_starter

    films = read_starter("film")[0][:200]
    ids = {f"{item.title} ({item.year})": f"tt{number:07d}" for number, item in enumerate(films)}
    (tmp_path / "titles.json").write_text(json.dumps(ids))
    rows = [
        {
            "context": [f"Request {n}"],
            "resp": "",
            "rec": [f"tt{(n * 7 + s * 13) % 200:07d}" for s in range(6)],
        }
        for n in range(90)
    ]
    (tmp_path / "all.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return ["data", "reddit", "all.jsonl", "--titles", "titles.json", "--llm-model", "small", "--keep-steps"]


def start(command, server, out, folder):
    return subprocess.Popen(
        [sys.executable, "-m", "safecrs", *command, "--llm", server.url, "--out", out],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def run(command, server, out, folder):
    process = start(command, server, out, folder)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert errors == ""
    return output


def test_a_killed_build_asks_nothing_twice_and_ends_the_same(requests, tmp_path):
    with ChatServer() as server:
        server.reply = lambda body: Reply(
            answer(body), after=0.0 if len(server.requests) <= ANSWERED else 300.0
        )
        process = start(requests, server, "built", tmp_path)
        kept = tmp_path / "built.partial" / "answers.jsonl"
        try:
            until = time.monotonic() + 60
            while not kept.exists() or kept.read_text().count("\n") < ANSWERED:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < until
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate(timeout=60)
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "built").exists()
        answered = set(list(asked(server))[:ANSWERED])
        with kept.open("a") as file:
            file.write('{"key": "cut off')  # as a crash in the middle of a line would leave it

        server.reply = lambda body: Reply(answer(body))
        output = run(requests, server, "built", tmp_path)
        counts = asked(server)
        assert all(counts[question] == 1 for question in answered), "asked twice after it was answered"
        assert max(counts.values()) <= 2, "only what was under way is asked again"
        assert "Build the benchmark" in output
        assert sorted(path.name for path in tmp_path.iterdir()) == ["all.jsonl", "built", "titles.json"]

        before = counts.total()
        run(requests, server, "again", tmp_path)
        assert asked(server).total() - before == len(counts), "an uninterrupted build asks everything once"
    built, again = load_benchmark(tmp_path / "built"), load_benchmark(tmp_path / "again")
    assert (built.samples, built.card, built.histories) == (again.samples, again.card, again.histories)
    assert built.oracle.fingerprint == again.oracle.fingerprint
    for file in sorted((tmp_path / "again" / "steps").iterdir()):
        assert (tmp_path / "built" / "steps" / file.name).read_bytes() == file.read_bytes()
    assert built.card.assigner == "the language model small"
    assert "the language model small assigned it" in built.card.notes[0]
    (assign,) = (step for step in built.card.steps if step.name == "assign")
    told = Counter({how: assign.noted[how] for how in (CHOSEN, NONE_AGREES, UNREADABLE)})
    assert told.total() == len(counts)
    assert min(told.values()) > 0


def test_a_server_that_is_gone_is_said_and_nothing_is_lost(requests, tmp_path):
    with ChatServer() as server:
        server.reply = lambda body: (
            Reply(answer(body)) if len(server.requests) <= ANSWERED else Reply(status=400, body={"error": {}})
        )
        process = start(requests, server, "built", tmp_path)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 2
        assert errors.startswith("safecrs: ")
        assert errors.count("\n") == 1
        first = asked(server)
        server.reply = lambda body: Reply(answer(body))
        run(requests, server, "built", tmp_path)
        assert all(asked(server)[question] == 1 for question in list(first)[:ANSWERED])
    assert load_benchmark(tmp_path / "built").samples
