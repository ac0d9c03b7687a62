from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import LORA, RL, SFT, SMALL, Killed, kill_at, logits, train_gdpo, train_sft

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_folder
from safecrs.training.gdpo.settings import GdpoSettings

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def adapted(base, samples, tmp_path_factory):
    """Fine-tuned with adapters."""
    settings = SFT | {"learning_rate": 1e-1}
    return train_sft(tmp_path_factory.mktemp("lora"), base, samples, settings, safe=True, model=LORA)


def test_lora_leaves_an_adapter_that_loads(adapted, base):
    assert (adapted / "adapter_config.json").is_file()
    assert not (adapted / "model.safetensors").exists()
    assert (logits(adapted) - logits(base)).abs().max() > 1e-3


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_reinforcement_learning_starts_from_the_adapter_that_was_trained(
    adapted, samples, world, tmp_path, beta
):
    """Not from the adapter's base: at a learning rate of nothing, nothing is lost."""
    still = RL | {"max_steps": 1, "learning_rate": 0.0, "beta": beta}
    model = train_gdpo(tmp_path / "a", adapted, samples, still, GdpoSettings(), model=LORA)
    assert torch.allclose(logits(model), logits(adapted), atol=1e-5)

    def run(folder, progress=None):
        settings = RL | {"beta": beta}
        return train_gdpo(
            folder,
            adapted,
            samples,
            settings,
            GdpoSettings(),
            model=LORA,
            progress=progress,
        )

    moved = run(tmp_path / "b")
    assert (logits(moved) - logits(adapted)).abs().max() > 1e-4
    assert not [path for path in moved.iterdir() if path.is_dir()], "the reference is no part of the model"
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(3))
    assert (tmp_path / "cut" / "checkpoints" / "checkpoint-2" / "ref").is_dir() == bool(beta)
    whole, resumed = (
        load_file(model / "adapter_model.safetensors") for model in (moved, run(tmp_path / "cut"))
    )
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_all_weights_can_be_trained_from_an_adapter(adapted, samples, tmp_path):
    still = SFT | {"max_steps": 1, "learning_rate": 0.0}
    model = train_sft(tmp_path, adapted, samples, still, safe=True, model=SMALL)
    assert (model / "model.safetensors").is_file()
    assert torch.allclose(logits(model), logits(adapted), atol=1e-5)


def test_an_adapter_without_its_base_is_told(adapted, samples, tmp_path):
    shutil.copytree(adapted, tmp_path / "lost")
    config = json.loads((tmp_path / "lost" / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "gone"
    (tmp_path / "lost" / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(SafecrsError, match="'gone'"):
        train_sft(tmp_path / "run", tmp_path / "lost", samples, SFT, safe=True, model=LORA)


def test_an_adapter_on_a_named_model_finds_it_on_another_machine(base, samples, tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    for cache in (here, there):
        shutil.copytree(base, cache / "smollm2-135m-instruct")
    monkeypatch.setenv("SAFECRS_CACHE", str(here))
    model = train_sft(tmp_path / "run", base_folder("smollm2"), samples, SFT, safe=True, model=LORA)
    config = json.loads((model / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "smollm2"
    before = logits(model)
    shutil.rmtree(here)
    monkeypatch.setenv("SAFECRS_CACHE", str(there))
    assert torch.equal(logits(model), before)
    again = train_sft(tmp_path / "more", model, samples, SFT, safe=True, model=LORA)
    assert json.loads((again / "adapter_config.json").read_text())["base_model_name_or_path"] == "smollm2"
