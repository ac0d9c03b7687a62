"""Private parts of TRL, transformers and peft that training overrides or calls.

The upper version bounds in pyproject.toml keep them as they are here; whoever raises a bound runs this first.
"""

from __future__ import annotations

import inspect
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
import transformers
import trl
from packaging.requirements import Requirement
from trl.models.utils import unwrap_model_for_generation

from safecrs.training.gdpo.trainer import SafeGDPOTrainer
from safecrs.training.objectives import OBJECTIVES

PRIVATE = [
    (trl.GRPOTrainer, "_calculate_rewards", "self inputs prompts completions completion_ids_list"),
    (trl.GRPOTrainer, "_generate_and_score_completions", "self inputs"),
    (trl.GRPOTrainer, "_compute_loss", "self model inputs"),
    (
        trl.GRPOTrainer,
        "_get_per_token_logps_and_entropies",
        "self model input_ids attention_mask logits_to_keep batch_size compute_entropy compute_aux_loss",
    ),
    (trl.GRPOTrainer, "_log_metric", "self name value"),
    (trl.DPOTrainer, "compute_ref_log_probs", "self model inputs"),
    (transformers.Trainer, "_run_epoch", "self"),
    (transformers.Trainer, "log", "self logs start_time"),
]


@pytest.mark.parametrize(("owner", "name", "parameters"), PRIVATE, ids=[name for _, name, _ in PRIVATE])
def test_what_is_overridden_has_the_signature_that_was_read(owner, name, parameters):
    known = list(inspect.signature(getattr(owner, name)).parameters)
    assert known[: len(parameters.split())] == parameters.split()


def test_what_is_overridden_is_what_the_list_names():
    """Also a new override has to be listed."""
    overridden = {
        name
        for name, value in vars(SafeGDPOTrainer).items()
        if inspect.isfunction(value) and hasattr(trl.GRPOTrainer, name)
    }
    _, dpo = OBJECTIVES["dpo"].trl()
    overridden |= {name for name, value in vars(dpo).items() if inspect.isfunction(value)}
    assert overridden - {"__init__"} == {name for owner, name, _ in PRIVATE if name not in CALLED}


CALLED = {"_log_metric", "_run_epoch", "log"}


def test_attributes_that_are_read_are_set_by_trl():
    source = inspect.getsource(trl.GRPOTrainer) + inspect.getsource(trl.GRPOTrainer.__mro__[1])
    for name in ("_tokenizer", "rollout_func", "num_generations_eval", "scale_rewards", "temperature"):
        assert f"self.{name} =" in source, name
    assert '"ref"' in source, "the frozen copy of an adapter"
    assert trl.GRPOTrainer._tag_names
    assert trl.GRPOTrainer._name
    known = inspect.signature(unwrap_model_for_generation).parameters
    assert {"gather_deepspeed3_params", "gradient_checkpointing_kwargs"} <= set(known)


@pytest.mark.parametrize("package", ["trl", "transformers"])
def test_the_bounds_exclude_versions_that_were_not_read(package):
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    listed = map(Requirement, tomllib.loads(text)["project"]["optional-dependencies"]["train"])
    (requirement,) = [one for one in listed if one.name == package]
    major, minor = map(int, version(package).split(".")[:2])
    assert f"{major}.{minor}.0" in requirement.specifier
    assert f"{major}.{minor + 1}.0" not in requirement.specifier
