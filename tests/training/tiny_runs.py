"""Runs of seconds: a tiny model, a few steps, and ways to cut them short."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from unittest.mock import patch

import torch
from safetensors.torch import load_file

from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.spec import LoraSpec, ModelSpec
from safecrs.training.models.tiny import TinySize
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Task
from safecrs.training.preset import make_preset
from safecrs.training.train import train
from tiny_world import make_world

SMALL = ModelSpec(
    size=TinySize(hidden=32, layers=1, heads=2, inner=16, context=512, vocabulary=300, tastes=4)
)
LORA = ModelSpec(size=SMALL.size, lora=LoraSpec(r=2, lora_alpha=4))
SFT = {
    "max_steps": 6,
    "save_steps": 2,
    "per_device_train_batch_size": 4,
    "logging_steps": 1,
    "learning_rate": 1e-2,
}
RL = {
    "max_steps": 4,
    "save_steps": 2,
    "per_device_train_batch_size": 8,
    "num_generations": 4,
    "max_completion_length": 12,
    "learning_rate": 1e-2,
}


world_of = cache(make_world)


def run(
    objective, folder, base, samples, tables, model=None, validation=None, progress=None, oracle=None, **more
):
    """`train` on some samples with a preset of these tables; ``validation`` replaces its own."""
    world = world_of()
    benchmark = replace(world.benchmark, samples=tuple(samples), oracle=oracle or world.oracle)
    model = (model or ModelSpec()).model_dump()
    preset = make_preset({"model": model, "selection": {"samples": 0}} | tables)
    chosen = nullcontext()
    if validation:
        chosen = patch("safecrs.training.train.validation_for", lambda *_, **__: validation)
    report = {"report": lambda _stage, *step: progress(*step)} if progress else {}
    with chosen:
        return train(objective, benchmark, preset, base, folder, **report, **more)


def train_sft(folder, base, samples, settings, *, safe, reasoning=True, **more):
    tables = {"sft": settings, "reasoning": reasoning}
    return run("safe-sft" if safe else "sft", folder, base, samples, tables, **more)


def train_gdpo(folder, base, samples, settings, gdpo=None, reasons=True, **more):
    tables = {"rl": settings, "gdpo": (gdpo or GdpoSettings()).model_dump(), "reasoning": reasons}
    return run("safe-gdpo", folder, base, samples, tables, **more)


def rows_of(objective, samples, reasons=True):
    return OBJECTIVES[objective].rows(Task(samples, world_of().oracle, {}, reasons))


class Killed(Exception):
    """Stands for a power cut."""


def kill_at(step):
    def progress(now, _steps, _logged):
        if now == step:
            raise Killed

    return progress


def weights(folder):
    return load_file(folder / "model.safetensors")


def assert_equal(a, b):
    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def logits(folder):
    from safecrs.recommenders.language_models.checkpoint import LanguageModel

    with torch.no_grad():
        return LanguageModel.load(folder).model(torch.arange(5, 25)[None]).logits


def recorded_log_probabilities(trainer):
    """The log-probabilities [completions, tokens] that ``trainer`` computes from now on, with gradients."""
    seen = []
    inner = trainer._get_per_token_logps_and_entropies

    def record(*args, **kwargs):
        result = inner(*args, **kwargs)
        result[0].retain_grad()
        seen.append(result[0])
        return result

    trainer._get_per_token_logps_and_entropies = record
    return seen
