from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import LORA, RL, SFT, SMALL, Killed, kill_at, logits, run, train_gdpo, train_sft
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

from safecrs.errors import SafecrsError
from safecrs.recommenders.constrained import CatalogTrie
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.base import base_model
from safecrs.training.models.item_tokens import save_with_item_tokens
from safecrs.training.models.spec import LoraSpec, ModelSpec
from safecrs.training.models.tiny import save_tiny
from safecrs.training.runs.log import TrainingLog

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=["tied", "a head of its own, rows to spare"])
def plain(request, world, tmp_path_factory):
    """A model that knows no film."""
    folder = tmp_path_factory.mktemp("plain") / "model"
    texts = [message.content for sample in world.benchmark.split("train") for message in sample.prompt]
    save_tiny(folder, texts, [], SMALL.size)
    if request.param != "tied":
        config = AutoConfig.from_pretrained(folder)
        config.tie_word_embeddings = False
        config.vocab_size += 7
        torch.manual_seed(0)
        AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def spec(plain):
    return ModelSpec(name=str(plain), item_tokens=True, lora=LoraSpec(r=2, lora_alpha=4))


@pytest.fixture(scope="module")
def grown(spec, world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("grown") / "base"
    return base_model(spec, world.benchmark, folder)


@pytest.fixture(scope="module")
def adapted(grown, spec, samples, tmp_path_factory):
    settings = SFT | {"learning_rate": 1e-1}
    return train_sft(tmp_path_factory.mktemp("items"), grown, samples, settings, safe=True, model=spec)


def test_every_title_is_one_token_and_nothing_that_was_known_is_lost(grown, plain, world):
    tokenizer = AutoTokenizer.from_pretrained(grown)
    labels = world.oracle.catalog.labels
    assert CatalogTrie.build(labels, tokenizer).depth == 2  # the title and the line break
    before = AutoModelForCausalLM.from_pretrained(plain)
    after = AutoModelForCausalLM.from_pretrained(grown)
    old, new = (model.get_input_embeddings().weight for model in (before, after))
    kept = len(AutoTokenizer.from_pretrained(plain))
    assert len(tokenizer) >= kept + len(labels)
    assert len(new) >= len(tokenizer)
    assert torch.equal(new[:kept], old[:kept])
    ids = torch.arange(5, 25)[None]
    assert torch.allclose(after(ids).logits[..., :kept], before(ids).logits[..., :kept], atol=1e-6)


def test_items_begin_as_alike_as_their_vectors(plain, tmp_path):
    """Two groups by taste, crossed with two by risk."""
    labels = [f"Film {number} (1990)" for number in range(8)]
    tastes = np.repeat(np.eye(2, dtype=np.float32), 4, axis=0)
    risks = np.tile(np.eye(2, dtype=np.float32), (4, 1))
    save_with_item_tokens(tmp_path / "grown", plain, labels, tastes, risks, ["gore", "horror"])
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "grown")
    weight = AutoModelForCausalLM.from_pretrained(tmp_path / "grown").get_input_embeddings().weight
    rows = weight.detach().numpy()[tokenizer.convert_tokens_to_ids([*labels, "gore", "horror"])]
    distance = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    assert distance[0, 2] < distance[0, 1] < distance[0, 5]  # all alike, another risk, another taste too
    assert distance[8, 0] < distance[8, 1], "what is said of gore points at what is gory"


def test_an_adapter_brings_the_rows_and_needs_only_the_model_before(adapted, grown, plain, tmp_path):
    config = json.loads((adapted / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(plain)
    assert (logits(adapted) - logits(grown)).abs().max() > 1e-3
    size = (adapted / "adapter_model.safetensors").stat().st_size
    assert size < (grown / "model.safetensors").stat().st_size
    hidden = tmp_path / "base"
    before = logits(adapted)
    shutil.move(grown, hidden)
    try:
        assert torch.equal(logits(adapted), before)
    finally:
        shutil.move(hidden, grown)


@pytest.mark.parametrize("beta", [0.0, 0.1])
@pytest.mark.parametrize("rollouts", ["free", "constrained"])
def test_reinforcement_learning_goes_on_with_the_adapter(
    adapted, spec, samples, world, tmp_path, beta, rollouts
):
    gdpo = GdpoSettings(rollouts=rollouts)
    still = RL | {"max_steps": 1, "learning_rate": 0.0, "beta": beta}
    model = train_gdpo(tmp_path / "a", adapted, samples, still, gdpo, model=spec)
    assert torch.allclose(logits(model), logits(adapted), atol=1e-5)
    if beta:
        (first,) = [entry for entry in TrainingLog(tmp_path / "a" / "log.jsonl").entries() if "loss" in entry]
        assert first["kl"] == pytest.approx(0, abs=1e-6), "the reference knows the titles too"
    assert set(LanguageModel.load(model).tokenizer.get_vocab()) == set(
        LanguageModel.load(adapted).tokenizer.get_vocab()
    )
    moved = train_gdpo(tmp_path / "b", adapted, samples, RL | {"beta": beta}, gdpo, model=spec)
    assert (logits(moved) - logits(adapted)).abs().max() > 1e-4
    held = (adapted / "adapter_model.safetensors").stat().st_size
    assert (moved / "adapter_model.safetensors").stat().st_size == pytest.approx(held, rel=0.1)


@pytest.mark.parametrize("stage", ["sft", "gdpo"])
def test_a_run_that_was_cut_ends_as_if_it_had_not_been(grown, adapted, spec, samples, world, tmp_path, stage):
    def run(folder, progress=None):
        if stage == "sft":
            return train_sft(folder, grown, samples, SFT, safe=True, model=spec, progress=progress)
        return train_gdpo(folder, adapted, samples, RL, GdpoSettings(), model=spec, progress=progress)

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(3))
    first, second = (
        load_file(model / "adapter_model.safetensors") for model in (whole, run(tmp_path / "cut"))
    )
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize("precomputed", [False, True])
def test_the_reference_of_dpo_knows_the_titles(adapted, spec, samples, tmp_path, precomputed):
    """Before the first step policy and reference agree on every pair."""
    settings = {"max_steps": 1, "logging_steps": 1, "precompute_ref_log_probs": precomputed, "bf16": False}
    run("dpo", tmp_path, adapted, samples, {"dpo": settings}, spec)
    (entry,) = [entry for entry in TrainingLog(tmp_path / "log.jsonl").entries() if "loss" in entry]
    assert entry["loss"] == pytest.approx(np.log(2), abs=1e-5)
    assert entry["rewards/margins"] == pytest.approx(0, abs=1e-5)


def test_vllm_is_refused_where_titles_are_tokens(adapted, grown, spec, samples, world, tmp_path, monkeypatch):
    monkeypatch.setattr("safecrs.training.objectives.gdpo.find_spec", lambda _name: True)
    vllm = RL | {"use_vllm": True}
    for start in (adapted, grown):
        with pytest.raises(SafecrsError, match="no tokens for titles"):
            train_gdpo(tmp_path / "a", start, samples, vllm, GdpoSettings(), model=spec)


def test_all_weights_can_be_trained(grown, samples, tmp_path):
    model = train_sft(tmp_path, grown, samples, SFT, safe=True, model=ModelSpec(item_tokens=True))
    assert (model / "model.safetensors").is_file()
    assert (logits(model) - logits(grown)).abs().max() > 1e-4


def test_a_model_that_is_too_narrow_is_told(world, samples, tmp_path):
    narrow = SMALL.size.model_copy(update={"hidden": 16})
    save_tiny(tmp_path / "narrow", ["recommend films"], [], narrow)
    spec = ModelSpec(name=str(tmp_path / "narrow"), item_tokens=True, lora=LORA.lora)
    with pytest.raises(SafecrsError, match="too narrow"):
        base_model(spec, world.benchmark, tmp_path / "base")
    assert not (tmp_path / "base").exists()
