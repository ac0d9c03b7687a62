"""Several processes and machines: what the command line offers for them, and docs/scale.md."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from safecrs.training.preset import preset_names
from safecrs.training.runs.launch import PURPOSES, launch_config

SCALE = Path(__file__).resolve().parents[2] / "docs" / "scale.md"


def test_launch_configurations_are_listed_printed_and_copied(cli, tmp_path):
    listed = cli("train", "launch-config").out.splitlines()
    assert [line.partition(":")[0] for line in listed] == list(PURPOSES)
    for name in PURPOSES:
        assert cli("train", "launch-config", name).out == f"{launch_config(name)}\n"
    copy = tmp_path / "mine" / "fsdp2.yaml"
    assert cli("train", "launch-config", "fsdp2", "--out", copy).out == f"{copy}\n"
    assert copy.read_bytes() == launch_config("fsdp2").read_bytes()


def test_wrong_use_is_told(refused, folder, tmp_path):
    assert "choose cpu, single_gpu" in refused("train", "launch-config", "tpu")
    out = ("--out", tmp_path / "e.json")
    assert "--slates" in refused("evaluate", folder, *out, "--workers", 2)
    adversarial = ("evaluate", folder, *out, "--adversarial")
    assert "--workers" in refused(*adversarial, "--slates", tmp_path / "s")
    assert "--workers" in refused("evaluate", folder, *out, "--workers", 0, "--slates", tmp_path / "s")
    missing = refused("train", "sft", folder, "--preset", "paper-qwen0.5b", "--out", tmp_path / "run")
    assert "hf download Qwen/Qwen2.5-0.5B-Instruct" in missing
    assert not (tmp_path / "run").exists()


def test_slates_are_kept_and_not_asked_again(cli, folder, tmp_path):
    command = ("evaluate", folder, "--slates", tmp_path / "slates", "--out")
    first = cli(*command, tmp_path / "a.json", "--limit", 4)
    assert first.code == 0, first.err
    kept = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "slates").iterdir()}
    (popularity,) = (tmp_path / "slates").glob(f"popularity-{16 * '?'}.jsonl")
    assert cli(*command, tmp_path / "b.json", "--limit", 4).code == 0
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "slates").iterdir()} == kept
    assert (tmp_path / "a.json").read_text() == (tmp_path / "b.json").read_text()
    assert cli(*command, tmp_path / "c.json", "--limit", 3).code == 0
    assert popularity.stat().st_mtime_ns == kept[popularity.name], "three samples are other samples than four"
    (three,) = set((tmp_path / "slates").glob(f"popularity-{16 * '?'}.jsonl")) - {popularity}
    assert [len(json.loads(line)[1]["slates"]) for line in three.read_text().splitlines() if line] == [3]


def test_only_the_first_process_talks():
    command = [sys.executable, "-m", "safecrs", "train", "launch-config"]
    for rank, said in (("0", "cpu"), ("1", "")):
        env = {**os.environ, "LOCAL_RANK": rank, "RANK": rank, "WORLD_SIZE": "2"}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.partition(":")[0] == said


@pytest.mark.parametrize("name", [*PURPOSES, *(name for name in preset_names() if "paper" in name)])
def test_docs_name_every_configuration_and_preset(name):
    assert re.search(rf"\b{re.escape(name)}\b", SCALE.read_text(encoding="utf-8"))
