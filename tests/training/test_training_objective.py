"""Objectives: what each prefers, how they are trained, and that a new one is one file and one line."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import SFT, SMALL, Killed, assert_equal, kill_at, rows_of, run, train_sft, world_of

from safecrs.errors import SafecrsError
from safecrs.oracle import Verdict
from safecrs.slates.completion import parse_slate
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Objective, answer, messages
from safecrs.training.preset import make_preset
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.manifest import read_manifest
from safecrs.training.runs.selection import RECALL
from safecrs.training.train import train
from tiny_world import make_sample

pytestmark = pytest.mark.usefixtures("one_thread")
DPO = {"max_steps": 4, "save_steps": 2, "per_device_train_batch_size": 4, "logging_steps": 1}
ROWS = st.lists(st.integers(4, 59), unique=True, max_size=12)


@given(liked=ROWS, traits=st.sets(st.sampled_from(["gore", "horror"])), reasons=st.booleans())
def test_pairs_never_prefer_an_unsafe_item(liked, traits, reasons):
    oracle = world_of().oracle
    always = make_sample(oracle, "pair", [1], [2, 5], ["gore"])  # so that there is a pair
    sample = make_sample(oracle, "a", [1], [3, *liked], sorted(traits))
    rows = rows_of("dpo", [always, sample], reasons)[1:]
    assert len(rows) == bool(sample.removed)
    for row in rows:
        chosen, rejected = (
            oracle.catalog.resolve_many(*map(list, zip(*parse_slate(row[side][0]["content"]), strict=True)))
            for side in ("chosen", "rejected")
        )
        constraints = dict.fromkeys(traits, 0.66)
        assert Verdict.UNSAFE not in oracle.verdicts(chosen, constraints)
        assert Verdict.UNSAFE in oracle.verdicts(rejected, constraints)
        assert set(chosen.tolist()) < set(rejected.tolist())
        analyses = {row[side][0]["content"].partition("<solution>")[0] for side in ("chosen", "rejected")}
        assert len(analyses) == 1, "what both lists share teaches nothing"
        assert bool(analyses.pop()) == reasons


def test_without_a_pair_there_is_nothing_to_learn(base, tmp_path):
    samples = [make_sample(world_of().oracle, "movielens:1:1", [1], [2, 3], split="train")]
    with pytest.raises(SafecrsError, match="no pair to learn from"):
        run("dpo", tmp_path, base, samples, {"dpo": DPO}, SMALL)
    assert not (tmp_path / "run.json").exists()


def test_dpo_resumes_is_validated_logged_and_described(world, base, tmp_path):
    preset = make_preset({"model": SMALL.model_dump(), "dpo": DPO, "selection": {"samples": 4}})

    def train_dpo(folder, **more):
        return train("dpo", world.benchmark, preset, base, folder, **more)

    whole = train_dpo(tmp_path / "whole", command="safecrs train dpo")
    kill = kill_at(3)
    with pytest.raises(Killed):
        train_dpo(tmp_path / "cut", report=lambda _stage, *step: kill(*step))
    assert_equal(train_dpo(tmp_path / "cut"), whole)
    entries = TrainingLog(tmp_path / "whole" / LOG).entries()
    assert [step for step, _ in series(entries, RECALL)] == [2, 4]
    losses = [loss for _, loss in series(entries, "loss")]
    assert losses[0] == pytest.approx(np.log(2), abs=1e-4), (
        "the policy is the reference before the first step"
    )
    card = (whole / "README.md").read_text(encoding="utf-8")
    assert OBJECTIVES["dpo"].summary in card
    assert "safecrs train dpo" in card
    manifest = read_manifest(tmp_path / "whole")
    assert (manifest.stage, manifest.reasons, manifest.safe) == ("dpo", True, True)


def test_dpo_reasons_as_its_base_does(world, base, samples, tmp_path):
    """Pairs hold an analysis only where the model was trained to write one."""
    unsafe = train_sft(tmp_path / "sft", base, samples, SFT | {"max_steps": 1}, safe=False, model=SMALL)
    run("dpo", tmp_path / "dpo", unsafe, samples, {"dpo": DPO | {"max_steps": 1}}, SMALL)
    assert not read_manifest(tmp_path / "dpo").reasons


class Toy(Objective):
    """Teaches the first item alone."""

    id, name, summary = "toy", "Toy", "the first item of each list"
    tables: ClassVar = ("toy",)

    def rows(self, task):
        return [
            {"prompt": messages(sample), "completion": answer(sample, sample.groundtruth[:1])}
            for sample in task.samples
        ]

    def trl(self):
        from trl import SFTConfig, SFTTrainer

        return SFTConfig, SFTTrainer


def test_another_objective_is_one_file_and_one_line(base, samples, tmp_path, monkeypatch):
    monkeypatch.setitem(OBJECTIVES, "toy", Toy())
    model = run("toy", tmp_path, base, samples, {"toy": {"max_steps": 1}}, SMALL)
    manifest = read_manifest(tmp_path)
    assert (manifest.stage, manifest.settings["max_steps"]) == ("toy", 1)
    assert "trained by the first item of each list" in (model / "README.md").read_text(encoding="utf-8")
    assert torch.isfinite(
        torch.tensor([loss for _, loss in series(TrainingLog(tmp_path / LOG).entries(), "loss")])
    ).all()
