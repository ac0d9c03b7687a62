"""Runs of Safe-GDPO on constrained rollouts: what they record, and that they go on after a kill."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import LORA, SMALL, Killed, kill_at, train_gdpo

from safecrs.scoring.rewards import RewardSettings
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.base import model_fingerprint

pytestmark = pytest.mark.usefixtures("one_thread")

RL = {
    "max_steps": 6,
    "save_steps": 2,
    "per_device_train_batch_size": 8,
    "num_generations": 4,
    "learning_rate": 1e-2,
    "beta": 0.1,
    "bf16": False,
}


@pytest.mark.parametrize("model", [SMALL, LORA])
@pytest.mark.parametrize(
    ("credit", "iterations", "mask"), [("rank", 1, "catalog"), ("sequence", 2, "oracle")]
)
def test_a_killed_run_goes_on_to_the_same_weights(world, base, tmp_path, credit, iterations, mask, model):
    gdpo = GdpoSettings(rollouts="constrained", credit=credit, mask=mask, rewards=RewardSettings(target=4))

    def run(folder, progress=None):
        return train_gdpo(
            folder,
            base,
            world.benchmark.split("train"),
            RL | {"num_iterations": iterations},
            gdpo,
            model=model,
            progress=progress,
        )

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(5))
    assert not (tmp_path / "cut" / "model").exists()
    resumed = run(tmp_path / "cut")
    name = "adapter_model.safetensors" if model.lora else "model.safetensors"
    first, second = load_file(whole / name), load_file(resumed / name)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    if model.lora is None:
        assert model_fingerprint(whole) != model_fingerprint(base)
    recorded = json.loads((tmp_path / "whole" / "run.json").read_text())["settings"]["gdpo"]
    assert (recorded["rollouts"], recorded["mask"]) == ("constrained", mask)
