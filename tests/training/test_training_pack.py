from __future__ import annotations

import shutil

import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import LORA, SFT, logits, train_sft

from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.bases import base_folder
from safecrs.training.models.adapters import pack_adapter

pytestmark = pytest.mark.usefixtures("one_thread")


def test_packed_adapters_answer_alike_in_half_the_size(base, samples, tmp_path, monkeypatch):
    shutil.copytree(base, tmp_path / "cache" / "smollm2-135m-instruct")
    monkeypatch.setenv("SAFECRS_CACHE", str(tmp_path / "cache"))
    settings = SFT | {"learning_rate": 1e-1}
    model = train_sft(tmp_path / "run", base_folder("smollm2"), samples, settings, safe=True, model=LORA)
    pack_adapter(model, tmp_path / "packed")
    weights = "adapter_model.safetensors"
    before, after = load_file(model / weights), load_file(tmp_path / "packed" / weights)
    assert before.keys() == after.keys()
    assert {value.dtype for value in after.values()} == {torch.bfloat16}
    assert sum(v.nbytes for v in after.values()) * 2 == sum(v.nbytes for v in before.values())
    assert torch.allclose(logits(tmp_path / "packed"), logits(model), atol=0.05)
    assert (logits(tmp_path / "packed") - logits(base)).abs().max() > 1e-3
    assert (tmp_path / "packed" / "README.md").read_text() == (model / "README.md").read_text()
    with pytest.raises(SafecrsError, match="exists already"):
        pack_adapter(model, tmp_path / "packed")


def test_adapters_that_need_a_folder_of_this_machine_are_not_packed(base, samples, tmp_path):
    model = train_sft(tmp_path / "run", base, samples, SFT, safe=True, model=LORA)
    with pytest.raises(SafecrsError, match="only beside their base"):
        pack_adapter(model, tmp_path / "packed")


def test_whole_models_are_not_packed(base, tmp_path):
    with pytest.raises(SafecrsError, match="holds no adapters"):
        pack_adapter(base, tmp_path / "packed")
    assert not (tmp_path / "packed").exists()
