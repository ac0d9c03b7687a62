"""A setting that is refused brings one sentence and leaves the folder free, never a traceback."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import RL, SFT, SMALL, run, train_gdpo, train_sft

from safecrs.errors import SafecrsError
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.runs.settings import check_settings, trl_config

pytestmark = pytest.mark.usefixtures("one_thread")


def refused(objective, settings):
    kind, _ = OBJECTIVES[objective].trl()
    with pytest.raises(SafecrsError) as caught:
        check_settings(kind, settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("objective", "name", "value", "problem"),
    [
        ("sft", "learning_rate", "abc", "valid number"),
        ("sft", "learning_rate", math.nan, "finite"),
        ("sft", "learning_rate", math.inf, "finite"),
        ("sft", "learning_rate", -1e-3, "at least 0"),
        ("sft", "learning_rte", 1e-3, "no such setting"),
        ("sft", "gradient_accumulation_steps", 0, "above 0"),
        ("sft", "gradient_accumulation_steps", 2.5, "valid integer"),
        ("sft", "per_device_train_batch_size", 0, "above 0"),
        ("sft", "per_device_train_batch_size", True, "valid integer"),
        ("sft", "max_length", 0, "above 0"),
        ("sft", "max_length", -8, "above 0"),
        ("sft", "num_train_epochs", 0, "above 0"),
        ("sft", "max_steps", 0, "at least 1"),
        ("sft", "max_steps", -7, "at least 1"),
        ("sft", "save_steps", 0, "above 0"),
        ("sft", "logging_steps", -1, "above 0"),
        ("sft", "save_total_limit", 0, "above 0"),
        ("sft", "warmup_steps", -3, "at least 0"),
        ("sft", "weight_decay", -0.1, "at least 0"),
        ("sft", "max_grad_norm", -1.0, "at least 0"),
        ("sft", "adam_beta2", 1.5, "at most 1"),
        ("sft", "bf16", "yes", "valid boolean"),
        ("sft", "packing", 1, "valid boolean"),
        ("sft", "lr_scheduler_kwargs", 3, "valid dict"),
        ("sft", "parallelism_config", {"tp_size": 2}, "instance"),
        ("sft", "output_dir", "elsewhere", "safecrs sets it"),
        ("sft", "seed", 3, "safecrs sets it"),
        ("dpo", "beta", -0.1, "at least 0"),
        ("dpo", "loss_weights", ["a"], "valid number"),
        ("safe-gdpo", "max_completion_length", 0, "above 0"),
        ("safe-gdpo", "num_generations", 0, "above 0"),
        ("safe-gdpo", "temperature", 0.0, "above 0"),
        ("safe-gdpo", "top_p", 1.5, "at most 1"),
        ("safe-gdpo", "top_k", -5, "at least 0"),
        ("safe-gdpo", "min_p", 2.0, "at most 1"),
        ("safe-gdpo", "epsilon", -0.2, "at least 0"),
        ("safe-gdpo", "beta", "strong", "valid number"),
        ("safe-gdpo", "loss_type", 3, "valid string"),
        ("safe-gdpo", "num_iterations", 0, "above 0"),
        ("safe-gdpo", "steps_per_generation", 0, "above 0"),
        ("safe-gdpo", "reward_weights", [1.0], "safecrs sets it"),
    ],
)
def test_type_and_range_are_checked(objective, name, value, problem):
    message = refused(objective, {name: value})
    assert f"does not accept {name} = {value!r}" in message
    assert problem in message


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 1, "warmup_steps": 0.05, "max_steps": -1, "save_steps": 0.5},
        {"max_length": None, "lr_scheduler_type": "cosine", "report_to": ["none"], "bf16": None},
        {"lr_scheduler_kwargs": {"min_lr": 0.1}, "optim_target_modules": ["q_proj"], "data_seed": 0},
        {"gradient_checkpointing_kwargs": {"use_reentrant": False}, "max_grad_norm": 0, "adam_beta1": 0},
    ],
)
def test_what_trl_takes_is_taken(settings):
    check_settings(OBJECTIVES["sft"].trl()[0], settings)


@given(
    st.sampled_from(sorted(OBJECTIVES)), st.text(max_size=8) | st.lists(st.integers(), max_size=2), st.data()
)
def test_any_setting_is_taken_or_refused_in_a_sentence(objective, value, data):
    """Values of a wrong type for numbers and truth values; whatever comes, no other exception."""
    import dataclasses

    kind, _ = OBJECTIVES[objective].trl()
    name = data.draw(st.sampled_from([field.name for field in dataclasses.fields(kind)]))
    try:
        check_settings(kind, {name: value})
    except SafecrsError as error:
        assert name in str(error)  # noqa: PT017


@pytest.mark.parametrize(
    "settings", [{"lr_scheduler_type": "spiral"}, {"optim": "sgdd"}, {"save_strategy": "often"}]
)
def test_a_value_that_trl_does_not_know_is_told(settings, tmp_path):
    kind, _ = OBJECTIVES["sft"].trl()
    with pytest.raises(SafecrsError, match="SFTConfig does not accept"):
        trl_config(kind, settings, output_dir=str(tmp_path), seed=1)


def left_free(folder):
    return not (folder / "run.json").exists() and not list(folder.glob("checkpoints/*"))


@pytest.mark.parametrize(
    "settings",
    [
        {"max_length": 8},
        {"max_length": 0},
        {"learning_rate": "abc"},
        {"gradient_accumulation_steps": 0},
        {"loss_type": "foo"},
        {"truncation_mode": "middle"},
        {"packing": True, "packing_strategy": "foo"},
        {"packing": True, "max_length": None},
        {"eval_strategy": "steps"},
        {"load_best_model_at_end": True},
        {"eos_token": "<nowhere>"},
        {"optim": "adamw_bnb_8bit"},
        {"dataloader_multiprocessing_context": "foo", "dataloader_num_workers": 1},
        {"lr_scheduler_type": "cosine_with_min_lr"},
        {"neftune_noise_alpha": "a"},
    ],
    ids=str,
)
def test_supervised_training_refuses_in_a_sentence(base, samples, tmp_path, settings):
    with pytest.raises(SafecrsError) as caught:
        train_sft(tmp_path, base, samples, SFT | settings, safe=True, model=SMALL)
    assert "\n" not in str(caught.value)
    assert left_free(tmp_path)


@pytest.mark.parametrize(
    "settings",
    [
        {"max_completion_length": 0},
        {"loss_type": "foo"},
        {"importance_sampling_level": "word"},
        {"num_generations": 3},
        {"num_generations": 1},
        {"scale_rewards": "foo"},
        {"cache_implementation": "foo"},
        {"sync_ref_model": True},
        {"top_entropy_quantile": -0.5},
    ],
    ids=str,
)
def test_reinforcement_learning_refuses_in_a_sentence(base, samples, tmp_path, settings):
    with pytest.raises(SafecrsError) as caught:
        train_gdpo(tmp_path, base, samples, RL | settings, model=SMALL)
    assert "\n" not in str(caught.value)
    assert left_free(tmp_path)


@pytest.mark.parametrize(
    "settings", [{"max_length": 8}, {"loss_type": "foo"}, {"f_divergence_type": "foo"}], ids=str
)
def test_preference_training_refuses_in_a_sentence(base, samples, tmp_path, settings):
    with pytest.raises(SafecrsError) as caught:
        run("dpo", tmp_path, base, samples, {"dpo": {"max_steps": 1} | settings}, SMALL)
    assert "\n" not in str(caught.value)
    assert left_free(tmp_path)


def test_completions_that_are_cut_away_are_an_error_or_told(base, samples, tmp_path):
    with pytest.raises(SafecrsError, match="higher max_length"):
        train_sft(tmp_path / "none", base, samples, SFT | {"max_length": 8}, safe=True, model=SMALL)
    lengths = sorted(len(sample.prompt[0].content) for sample in samples)
    assert lengths[0] < lengths[-1]
    told = []

    def watch(step, _steps, detail):
        told.append((step, detail))

    for length in range(20, 200, 10):
        try:
            settings = SFT | {"max_length": length, "max_steps": 1}
            train_sft(tmp_path / str(length), base, samples, settings, safe=True, model=SMALL, progress=watch)
        except SafecrsError:
            continue
        break
    assert told[0][0] == 0
    assert "samples left out: longer than max_length" in told[0][1]
