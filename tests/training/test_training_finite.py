from __future__ import annotations

import json
import math

import pytest
import torch
from safetensors.torch import load_file
from tiny_runs import SFT, SMALL, Killed, kill_at, train_sft, weights

from safecrs.errors import SafecrsError
from safecrs.training.runs.callbacks import MOST_SKIPPED as MOST

pytestmark = pytest.mark.usefixtures("one_thread")


def break_gradients(monkeypatch, steps):
    """From now on the gradients of these steps are NaN."""
    from trl import SFTTrainer

    inner, done = SFTTrainer.training_step, iter(range(1, 1000))

    def training_step(self, model, *args, **kwargs):
        loss = inner(self, model, *args, **kwargs)
        if next(done) in steps:
            next(p for p in model.parameters() if p.grad is not None).grad.fill_(math.nan)
        return loss

    monkeypatch.setattr(SFTTrainer, "training_step", training_step)


def test_a_step_without_a_gradient_changes_nothing_and_is_told(base, samples, tmp_path, monkeypatch):
    whole = train_sft(tmp_path / "whole", base, samples, SFT, safe=True, model=SMALL)
    break_gradients(monkeypatch, {3})
    model = train_sft(tmp_path / "broken", base, samples, SFT, safe=True, model=SMALL)
    held = weights(model)
    assert all(torch.isfinite(value).all() for value in held.values())
    assert any(not torch.equal(held[name], value) for name, value in weights(whole).items())
    lines = [json.loads(line) for line in (tmp_path / "broken" / "log.jsonl").read_text().splitlines()]
    skipped = {line["step"]: line.get("skipped_steps") for line in lines if "loss" in line}
    assert skipped == {1: None, 2: None, 3: 1, 4: 1, 5: 1, 6: 1}
    assert "skipped_steps" not in (tmp_path / "whole" / "log.jsonl").read_text()


def test_the_weights_stay_and_the_count_survives_a_stop(base, samples, tmp_path, monkeypatch):
    break_gradients(monkeypatch, {3, 4})
    every = SFT | {"save_steps": 1, "save_total_limit": 6}

    def run(progress=None):
        return train_sft(tmp_path, base, samples, every, safe=True, model=SMALL, progress=progress)

    with pytest.raises(Killed):
        run(kill_at(5))
    run()
    held = [load_file(tmp_path / f"checkpoints/checkpoint-{step}/model.safetensors") for step in (2, 4, 6)]
    assert all(torch.equal(value, held[1][name]) for name, value in held[0].items())
    assert any(not torch.equal(value, held[2][name]) for name, value in held[1].items())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line.get("skipped_steps") for line in lines if "loss" in line] == [None, None, 1, 2, 2, 2]


def test_a_run_that_only_skips_ends_with_a_remedy(base, samples, tmp_path, monkeypatch):
    break_gradients(monkeypatch, set(range(1, 1000)))
    longer = SFT | {"max_steps": MOST + 5, "save_steps": 100}
    with pytest.raises(SafecrsError, match="lower the learning rate"):
        train_sft(tmp_path, base, samples, longer, safe=True, model=SMALL)
