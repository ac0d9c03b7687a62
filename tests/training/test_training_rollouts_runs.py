"""Runs of Safe-GDPO on constrained rollouts: what they record, and that they go on after a kill."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from safecrs.training import GdpoSettings, RewardSettings
from safecrs.training.models import base_model, model_fingerprint
from safecrs.training.preset import LoraSpec, ModelSpec
from safecrs.training.rl import train_gdpo
from safecrs.training.tiny import TinySize

SIZE = TinySize(hidden=32, layers=1, heads=2, inner=16, context=512, vocabulary=300, tastes=4)
RL = {
    "max_steps": 6,
    "save_steps": 2,
    "per_device_train_batch_size": 8,
    "num_generations": 4,
    "learning_rate": 1e-2,
    "beta": 0.1,
    "bf16": False,
}


class Killed(Exception):
    """Stands for a power cut."""


def killed_at_five(now, _steps, _logged):
    if now == 5:
        raise Killed


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("base") / "base"
    return base_model(ModelSpec(size=SIZE), world.benchmark, world.oracle, folder)


@pytest.mark.parametrize("lora", [None, LoraSpec(r=2, lora_alpha=4)])
@pytest.mark.parametrize(
    ("credit", "iterations", "mask"), [("rank", 1, "catalog"), ("sequence", 2, "oracle")]
)
def test_a_killed_run_goes_on_to_the_same_weights(world, base, tmp_path, credit, iterations, mask, lora):
    gdpo = GdpoSettings(rollouts="constrained", credit=credit, mask=mask, rewards=RewardSettings(target=4))

    def run(folder, progress=None):
        return train_gdpo(
            folder,
            base,
            world.benchmark.split("train"),
            world.oracle,
            RL | {"num_iterations": iterations},
            gdpo,
            model=ModelSpec(size=SIZE, lora=lora),
            progress=progress,
        )

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", killed_at_five)
    assert not (tmp_path / "cut" / "model").exists()
    resumed = run(tmp_path / "cut")
    name = "adapter_model.safetensors" if lora else "model.safetensors"
    first, second = load_file(whole / name), load_file(resumed / name)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[key], second[key]) for key in first)
    if lora is None:
        assert model_fingerprint(whole) != model_fingerprint(base)
    recorded = json.loads((tmp_path / "whole" / "run.json").read_text())["settings"]["gdpo"]
    assert (recorded["rollouts"], recorded["mask"]) == ("constrained", mask)
