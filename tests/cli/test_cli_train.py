"""``safecrs train``: presets, curves, cards, and a run that is killed for real."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import tomllib

import pytest

from safecrs.cli.options import command_line
from safecrs.errors import SafecrsError
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.manifest import BaseFacts, Provenance, RunManifest, write_manifest
from safecrs.training.runs.selection import RECALL
from tiny_world import SMALL

SETTINGS = tuple(part for setting in SMALL for part in ("--set", setting))


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    """Run in processes of their own, as users do."""
    out = tmp_path_factory.mktemp("trained")
    done = command("train", "sft", folder, "--out", out / "safe-sft", *SETTINGS)
    assert (done.returncode, done.stderr) == (0, "")
    return out


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["--out", "/home/anna/a b/run", "runs/x"], "safecrs --out ~/'a b/run' runs/x"),
        (["--out=/home/anna/run", "--set", "model.name=a b"], "safecrs --out ~/run --set 'model.name=a b'"),
        (["/home/annabel/run", "--out=/data/run"], "safecrs /home/annabel/run --out=/data/run"),
    ],
)
def test_the_recorded_command_does_not_name_the_user(monkeypatch, typed, told):
    monkeypatch.setenv("HOME", "/home/anna")
    monkeypatch.setattr(sys, "argv", ["python", *typed])
    assert command_line() == told
    monkeypatch.delenv("HOME")
    assert shlex.split(command_line()) == ["safecrs", *typed]


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "safecrs", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        **options,
    )


def test_presets_are_a_table_that_can_be_read(cli):
    done = cli("train", "presets")
    assert done.code == 0
    assert "tiny" in done.out
    assert "LoRA, rank 16" in done.out
    assert "{" not in done.out, "no dictionaries"


def test_a_preset_is_shown_as_it_would_be_used(cli, refused, tmp_path):
    done = cli("train", "show", "tiny", "--set", "rl.max_steps=7", "--set", "selection.samples=3")
    assert done.code == 0
    shown = tomllib.loads(done.out)
    assert (shown["rl"]["max_steps"], shown["selection"]["samples"]) == (7, 3)
    assert shown["gdpo"]["rewards"]["safety"] == 2.0
    mine = tmp_path / "mine.toml"
    mine.write_text(done.out, encoding="utf-8")
    assert cli("train", "show", mine).out == done.out
    assert "no preset 'huge'" in refused("train", "show", "huge")


def made(folder, base=None, *files):
    """A folder as a run leaves it, without weights: where the base comes from is all that is asked."""
    folder.mkdir()
    if base is not None:
        identity = {"stage": "sft", "base": "b", "settings": {}, "seed": 0, "data": "d", "versions": {}}
        origin = Provenance(base=base)
        write_manifest(folder, RunManifest(reasons=True, safe=True, provenance=origin, **identity))
    model = folder / "model"
    model.mkdir()
    for name in ("model.safetensors", *files):
        (model / name).touch()
    return model


def test_only_a_tiny_base_gets_the_tiny_recipe(refused, folder, tmp_path, monkeypatch):
    used = []

    def stop(_objective, _data, recipe, *_, **__):
        used.append(recipe)
        raise SafecrsError("Far enough.")

    monkeypatch.setattr("safecrs.training.train.train", stop)
    tiny, other = BaseFacts(name="tiny", made_here=True), BaseFacts(name="Qwen", hub="Qwen/Qwen2.5-0.5B")
    whole = made(tmp_path / "whole", other)

    def said(base, *more):
        return refused("train", "gdpo", folder, "--base", base, "--out", tmp_path / "out", *more)

    assert "absent does not exist" in said(tmp_path / "absent")
    for unknown in (whole, made(tmp_path / "bare")):
        assert "No preset is known to fit" in said(unknown)
        assert str(unknown) in said(unknown)
    assert not used
    assert "Far enough" in said(whole, "--preset", "paper-qwen0.5b")
    assert "Far enough" in said(made(tmp_path / "tiny", tiny))
    assert "Far enough" in said(made(tmp_path / "adapted", other, "adapter_config.json"))
    assert [recipe.model.name for recipe in used] == ["Qwen/Qwen2.5-0.5B-Instruct", "tiny", "smollm2"]
    assert not (tmp_path / "out").exists()


def test_resume_begins_nothing(cli, refused, folder, trained, tmp_path):
    for stage in (("sft",), ("gdpo", "--base", trained / "safe-sft" / "model")):
        message = refused("train", *stage, folder, "--out", tmp_path / "none", "--resume")
        assert "no run to resume" in message
        assert not (tmp_path / "none").exists()
    model = trained / "safe-sft" / "model" / "model.safetensors"
    before = model.stat().st_mtime_ns
    assert cli("train", "sft", folder, "--out", trained / "safe-sft", "--resume", *SETTINGS).code == 0
    assert model.stat().st_mtime_ns == before


def test_another_start_than_the_presets_is_noted(cli, folder, monkeypatch, tmp_path):
    monkeypatch.setattr("safecrs.training.train.train", lambda *_, **__: tmp_path)

    def noted(*more):
        done = cli("train", "sft", folder, "--out", tmp_path / "o", *more)
        assert done.code == 0, done.err
        return "Note: by this preset Safe-SFT starts from a model trained without safety" in done.out

    assert noted()
    assert not noted("--unsafe")
    assert not noted("--base", tmp_path, "--preset", "tiny")
    assert not noted("--set", "safe_sft_from=base")


def test_curves(cli, refused, trained, tmp_path):
    run = trained / "safe-sft"
    done = cli("train", "plot", run, run, "--out", tmp_path / "c.html")
    assert done.code == 0, done.err
    assert (tmp_path / "c.html").read_text().startswith("<!doctype html>")
    assert cli("train", "plot", run).code == 0
    assert (run / "curves.png").is_file()
    assert "holds no run: give the folder" in refused("train", "plot", tmp_path)
    assert "absent does not exist" in refused("train", "plot", tmp_path / "absent")


def test_cards(cli, refused, trained, folder, tmp_path):
    run = trained / "safe-sft"
    text = (run / "model" / "README.md").read_text(encoding="utf-8")
    assert f"    safecrs train sft {folder}" in text
    assert "## Validation" in text
    out = tmp_path / "evaluation.json"
    assert cli("evaluate", folder, "--model", f"Mine={run / 'model'}", "--out", out, "--limit", "4").code == 0
    assert "no system called 'Safe-SFT'" in refused("train", "card", run, "--results", out)
    done = cli("train", "card", run, "--results", out, "--name", "Mine")
    assert done.code == 0, done.err
    assert "### Mine + constrained" in (run / "model" / "README.md").read_text(encoding="utf-8")


def test_a_tracker_that_is_not_there(refused, folder, tmp_path):
    message = refused(
        "train", "sft", folder, "--out", tmp_path / "o", *SETTINGS, "--set", "sft.report_to=wandb"
    )
    assert "pip install wandb" in message


@pytest.mark.parametrize(
    ("objective", "setting", "told"),
    [
        ("sft", "sft.max_length=8", "set a higher max_length"),
        ("sft", "sft.learning_rate=abc", "valid number"),
        ("sft", "sft.gradient_accumulation_steps=0", "above 0"),
        ("gdpo", "rl.loss_type=foo", "Unknown loss type: foo"),
        ("gdpo", "rl.max_completion_length=0", "above 0"),
        ("dpo", "dpo.beta=nan", "finite number"),
    ],
)
def test_a_setting_that_is_refused_leaves_the_folder_free(
    cli, refused, folder, trained, tmp_path, objective, setting, told
):
    base = () if objective == "sft" else ("--base", trained / "safe-sft" / "model")
    arguments = ("train", objective, folder, *base, "--out", tmp_path / "run", *SETTINGS)
    assert told in refused(*arguments, "--set", setting)
    assert not (tmp_path / "run" / "run.json").exists()
    assert cli(*arguments).code == 0


def test_an_objective_that_continues_asks_for_its_base(refused, folder, tmp_path):
    for objective in ("dpo", "gdpo", "safe-gdpo"):
        message = refused("train", objective, folder, "--out", tmp_path / "run")
        assert "starts from a trained model: name its folder with --base" in message


@pytest.mark.slow
def test_kill_minus_nine(trained, folder, tmp_path):
    """Wherever it is killed: the same command leads to the same model, chosen from the same validations."""
    arguments = ("train", "sft", folder, "--out", tmp_path / "run", *SETTINGS)
    for lines in (1, 3, 4):  # "SFT: 1/4" and so on; with validation in between
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "safecrs", *map(str, arguments)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        for line in process.stdout:
            if f": {lines}/4" in line:
                break
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    done = command(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    files = [run / "model" / "model.safetensors" for run in (tmp_path / "run", trained / "safe-sft")]
    assert files[0].read_bytes() == files[1].read_bytes()
    marks = [
        series(TrainingLog(run / LOG).entries(), RECALL) for run in (tmp_path / "run", trained / "safe-sft")
    ]
    assert marks[0] == marks[1]
    assert [step for step, _ in marks[0]] == [2, 4]
    for line in (tmp_path / "run" / LOG).read_text().splitlines():
        assert "step" in json.loads(line)
