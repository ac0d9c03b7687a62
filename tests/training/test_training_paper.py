"""The presets that carry the paper's hyper-parameters, and where their models come from."""

from __future__ import annotations

import pytest
from tiny_runs import train_gdpo

from safecrs.errors import SafecrsError
from safecrs.training.models.base import base_model, model_fingerprint
from safecrs.training.models.spec import ModelSpec
from safecrs.training.preset import load_preset, preset_names

PAPER = [name for name in preset_names() if name.startswith("paper-")]


def test_there_is_one_for_each_of_its_models():
    models = {load_preset(name).model.name for name in PAPER}
    assert models == {
        "Qwen/Qwen2.5-0.5B-Instruct",
        "meta-llama/Llama-3.2-3B-Instruct",
        "meta-llama/Llama-3.1-8B-Instruct",
    }


@pytest.mark.parametrize("name", PAPER)
def test_trl_is_configured_as_the_paper_says(name, tmp_path):
    from trl import GRPOConfig, SFTConfig

    from safecrs.training.runs.settings import trl_config

    preset = load_preset(name)
    here = {"bf16": False, "use_cpu": True}  # instead of a GPU
    sft = trl_config(SFTConfig, preset.sft | preset.safe_sft | here, output_dir=str(tmp_path))
    assert preset.sft["bf16"]
    assert preset.rl["bf16"]
    assert sft.per_device_train_batch_size * sft.gradient_accumulation_steps == 96
    assert (sft.learning_rate, sft.num_train_epochs, sft.max_length) == (5e-5, 10, 1024)
    assert sft.completion_only_loss
    assert sft.get_warmup_steps(1000) == 50
    rl = trl_config(GRPOConfig, preset.rl | here, output_dir=str(tmp_path))
    assert (rl.learning_rate, rl.beta, rl.num_generations) == (1e-6, 1e-3, 8)
    assert 1000 <= rl.max_steps <= 1400
    assert rl.temperature == GRPOConfig(str(tmp_path), **here).temperature
    assert (rl.use_vllm, rl.vllm_mode) == (True, "colocate")
    assert rl.generation_batch_size % rl.num_generations == 0
    rewards = preset.gdpo.rewards
    assert preset.gdpo.aggregation == "gdpo"
    assert rewards.weights == {"relevance": 1, "safety": 1, "count": 1}
    assert (rewards.target, rewards.threshold) == (10, 0.66)
    assert preset.reasoning
    assert preset.safe_sft_from == "base"
    assert preset.selection.svr_ceiling == 1


@pytest.mark.parametrize("name", PAPER)
def test_rollouts_by_a_vllm_server_are_a_matter_of_options(name, tmp_path):
    from trl import GRPOConfig

    from safecrs.training.runs.settings import trl_config

    overrides = ["rl.vllm_mode=server", "rl.vllm_server_base_url=http://gpu-1:8000", "rl.bf16=false"]
    rl = trl_config(GRPOConfig, load_preset(name, overrides).rl, output_dir=str(tmp_path))
    assert (rl.vllm_mode, rl.vllm_server_base_url) == ("server", "http://gpu-1:8000")


def test_vllm_that_is_missing_is_told_before_anything_is_written(world, tmp_path, monkeypatch):
    monkeypatch.setattr("safecrs.training.objectives.gdpo.find_spec", lambda _name: None)
    preset = load_preset(PAPER[0])
    samples = world.benchmark.split("train")
    with pytest.raises(SafecrsError, match=r"rl\.use_vllm=false"):
        train_gdpo(tmp_path / "run", tmp_path, samples, preset.rl, preset.gdpo)
    assert not (tmp_path / "run").exists()


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub's cache, with its layout, and nothing in it."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


def cached(hub, name, files):
    commit = "0123456789abcdef0123456789abcdef01234567"
    folder = hub / f"models--{name.replace('/', '--')}"
    snapshot = folder / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(commit)
    for file in files:
        (snapshot / file).write_text(file)
    return snapshot


def test_a_hub_id_means_the_downloaded_model(hub, world, tmp_path):
    spec = ModelSpec(name="somebody/Some-Model_1.5")
    arguments = (spec, world.benchmark, tmp_path / "base")
    for held in ((), ("config.json",)):
        if held:
            cached(hub, spec.name, held)
        with pytest.raises(SafecrsError, match=r"hf download somebody/Some-Model_1\.5") as caught:
            base_model(*arguments)
        assert "\n" not in str(caught.value)
    snapshot = next((hub / "models--somebody--Some-Model_1.5" / "snapshots").iterdir())
    (snapshot / "model.safetensors").write_bytes(b"weights")
    found = base_model(*arguments)
    assert found == snapshot
    assert model_fingerprint(found)
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize("name", ["..", "../up", "a--b/c..d", "./here"])
def test_what_is_no_hub_id_is_told_too(hub, world, tmp_path, name, monkeypatch):
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    with pytest.raises(SafecrsError):
        base_model(ModelSpec(name=name), world.benchmark, tmp_path / "base")


def test_a_folder_of_that_name_comes_first(hub, world, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "some" / "model").mkdir(parents=True)
    with pytest.raises(SafecrsError, match=r"no config\.json"):
        base_model(ModelSpec(name="some/model"), world.benchmark, tmp_path / "base")
    (tmp_path / "some" / "model" / "config.json").write_text("{}")
    found = base_model(ModelSpec(name="some/model"), world.benchmark, tmp_path / "base")
    assert found.resolve() == tmp_path / "some" / "model"
