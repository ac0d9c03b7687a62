"""The way in for another objective: preferences on TRL's DPO trainer in one function, with all around it."""

from __future__ import annotations

from typing import Any

import pytest
from tiny_runs import SMALL, Killed, assert_equal, kill_at

from safecrs.benchmark.store import samples_fingerprint
from safecrs.training.models.adapters import load_trainable
from safecrs.training.objectives.sft import sft_rows
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.run import train
from safecrs.training.runs.selection import RECALL, SelectionSettings
from safecrs.training.runs.trl_runs import DEFAULTS, resolved, trl_config, trl_run
from safecrs.training.runs.validation import validation_for

pytestmark = pytest.mark.usefixtures("one_thread")
DPO = {"max_steps": 4, "save_steps": 2, "per_device_train_batch_size": 4, "logging_steps": 1, "beta": 0.1}


def train_dpo(folder, base, samples, settings, model, *, seed=0, progress=None, validation=None, about=None):
    """Prefer the list without what is unsafe to the list of everything that was liked."""
    settings = resolved(DEFAULTS, settings, validation)
    data = samples_fingerprint(samples)
    run = trl_run(folder, "safe-dpo", base, settings, model, seed, data, validation, about)

    def make_trainer() -> Any:
        from datasets import Dataset
        from transformers import AutoTokenizer, set_seed
        from trl import DPOConfig, DPOTrainer

        set_seed(seed)
        start, adapters = load_trainable(base, model)
        safe, unsafe = sft_rows(samples, safe=True), sft_rows(samples, safe=False)
        pairs = [
            {"prompt": good["prompt"], "chosen": good["completion"], "rejected": bad["completion"]}
            for good, bad in zip(safe, unsafe, strict=True)
        ]
        return DPOTrainer(
            model=start,
            args=trl_config(DPOConfig, settings, output_dir=str(run.checkpoints), seed=seed),
            train_dataset=Dataset.from_list(pairs),
            processing_class=AutoTokenizer.from_pretrained(base),
            peft_config=adapters,
        )

    return train(run, make_trainer, progress)


def test_it_resumes_is_validated_logged_and_described(world, base, samples, tmp_path):
    def run(folder, progress=None):
        settings = SelectionSettings(samples=4)
        validation = validation_for(world.benchmark, world.oracle, settings, reasons=True, safe=True)
        return train_dpo(folder, base, samples, DPO, SMALL, validation=validation, progress=progress)

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(3))
    assert_equal(run(tmp_path / "cut"), whole)
    entries = TrainingLog(tmp_path / "whole" / LOG).entries()
    assert [step for step, _ in series(entries, RECALL)] == [2, 4]
    assert len(series(entries, "loss")) == 4
    assert "safe-dpo" in (whole / "README.md").read_text(encoding="utf-8")
