"""Packed conversations must not see each other: their loss and gradients are those of unpacked ones."""

from __future__ import annotations

import pytest
from tiny_runs import SFT, rows_of, train_sft

from safecrs.errors import SafecrsError

pytestmark = pytest.mark.usefixtures("one_thread")


def loss_and_gradients(base, rows, folder, attention, **settings):
    from datasets import Dataset
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from trl import SFTConfig, SFTTrainer

    from safecrs.training.runs.settings import trl_config

    common = {"gradient_checkpointing": False, "completion_only_loss": True, "max_length": 256, "bf16": False}
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(base, attn_implementation=attention),
        args=trl_config(SFTConfig, common | settings, output_dir=str(folder)),
        train_dataset=Dataset.from_list(rows),
        processing_class=AutoTokenizer.from_pretrained(base),
    )
    batches = list(trainer.get_train_dataloader())
    learnt = sum((batch["labels"] != -100).sum() for batch in batches)
    total = 0.0
    for batch in batches:
        loss = trainer.compute_loss(trainer.model, batch, num_items_in_batch=learnt)
        loss.backward()
        total += loss.item()
    gradients = {
        name: value.grad for name, value in trainer.model.named_parameters() if value.grad is not None
    }
    return total, gradients, len(batches)


def apart(first, second):
    return max(float((first[name] - second[name]).abs().max()) for name in first)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_is_unpacked(base, samples, tmp_path, attention):
    rows = rows_of("safe-sft", samples[:8])

    def of(**settings):
        return loss_and_gradients(base, rows, tmp_path, attention, **settings)

    loss, gradients, batches = of(per_device_train_batch_size=8)
    packed_loss, packed_gradients, bins = of(per_device_train_batch_size=1, packing=True)
    assert batches == 1
    assert bins < len(rows), "several conversations are in one sequence"
    assert packed_loss == pytest.approx(loss, abs=1e-5)
    assert packed_gradients.keys() == gradients.keys()
    assert apart(packed_gradients, gradients) < 1e-5
    # The measure can tell: conversations that run into each other are another loss.
    mixed_loss, mixed_gradients, _ = of(
        per_device_train_batch_size=1, packing=True, packing_strategy="wrapped"
    )
    assert abs(mixed_loss - loss) > 1e-4
    assert apart(mixed_gradients, gradients) > 1e-4


def test_conversations_that_read_each_other_are_refused(base, samples, tmp_path):
    with pytest.raises(SafecrsError, match="another person"):
        train_sft(tmp_path, base, samples, SFT | {"packing": True, "packing_strategy": "wrapped"}, safe=True)


def test_a_packed_run(base, samples, tmp_path):
    settings = SFT | {"max_steps": 2, "packing": True, "max_length": 256, "per_device_train_batch_size": 1}
    assert (train_sft(tmp_path, base, samples, settings, safe=True) / "config.json").is_file()
