from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.errors import SafecrsError
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import choose_preset, load_preset, make_preset, preset_names, to_toml


@pytest.mark.parametrize("name", preset_names())
def test_shipped_presets_load(name):
    preset = load_preset(name)
    assert preset.model.name
    assert preset.sft
    assert preset.rl


@pytest.mark.parametrize("name", preset_names())
def test_trl_accepts_shipped_presets(name, tmp_path):
    from safecrs.training.runs.settings import check_settings, trl_config

    preset = load_preset(name)
    for objective in OBJECTIVES.values():
        settings = {"bf16": False, "use_cpu": True}  # this machine may lack a GPU
        for table in objective.tables:
            settings = getattr(preset, table) | settings
        kind, _ = objective.trl()
        check_settings(kind, settings)
        trl_config(kind, settings, output_dir=str(tmp_path))


def test_overrides_are_toml_values():
    preset = load_preset(
        "tiny",
        [
            "sft.learning_rate=1e-4",
            "rl.max_steps = 7",
            "gdpo.credit=rank",
            'gdpo.aggregation="grpo"',
            "reasoning=false",
            "model.size.hidden=64",
            "model.lora.r=4",
            "sft.lr_scheduler_kwargs={min_lr=0.1}",
        ],
    )
    assert preset.sft["learning_rate"] == 1e-4
    assert preset.rl["max_steps"] == 7
    assert preset.gdpo.credit == "rank"
    assert preset.gdpo.aggregation == "grpo"
    assert preset.reasoning is False
    assert preset.model.size.hidden == 64
    assert preset.model.lora.r == 4
    assert preset.sft["lr_scheduler_kwargs"] == {"min_lr": 0.1}
    assert load_preset("tiny").sft["learning_rate"] != 1e-4, "the preset itself is untouched"


@pytest.mark.parametrize("name", ["smollm2", "123", "true", "a/b c/modèle", 'quo"te', "back\\slash"])
def test_another_model(name):
    assert choose_preset("tiny", name).model.name == name


def test_no_other_model():
    assert choose_preset(None, None) == load_preset("tiny")
    assert choose_preset(None, "smollm2") == load_preset("smollm2")
    assert choose_preset(None, "runs/mine").sft == load_preset("smollm2").sft


def test_a_preset_of_ones_own(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('[model]\nname = "tiny"\n[sft]\nmax_steps = 3\n', encoding="utf-8")
    preset = load_preset(str(path))
    assert preset.order == "given"
    assert preset.sft == {"max_steps": 3}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sft.learning_rate", "has to look like"),
        ("=3", "has to look like"),
        ("model.size.hidden=7", "model.size.hidden"),
        ("model.size.hiden=64", "model.size.hiden"),
        ("model.dtype=float64", "model.dtype"),
        ("gdpo.credit=title", "gdpo.credit"),
        ("sft=3", "sft"),
        ("reasoning.deep=3", "not a table"),
        ("modle.name=tiny", "modle"),
        ("model.lora.r=0", "model.lora.r"),
        ("sft.learning_rate=nan", "sft.learning_rate has to be a finite number"),
        ("gdpo.rewards.safety=inf", "gdpo.rewards.safety has to be a finite number"),
    ],
)
def test_a_wrong_override_is_named(override, words):
    with pytest.raises(SafecrsError) as caught:
        load_preset("tiny", [override])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_presets_that_cannot_be_read(tmp_path):
    with pytest.raises(SafecrsError, match=r"no preset 'huge'.*tiny"):
        load_preset("huge")
    with pytest.raises(SafecrsError, match="no preset"):
        load_preset(str(tmp_path / "absent.toml"))
    path = tmp_path / "mine.toml"
    path.write_text("[model\n", encoding="utf-8")
    with pytest.raises(SafecrsError, match="not readable TOML"):
        load_preset(str(path))
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SafecrsError, match="not a readable text file"):
        load_preset(str(path))


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_settings_as_toml_are_read_back(table):
    assert tomllib.loads(to_toml(table)) == table


def test_what_is_none_is_left_out_of_toml():
    table = {"seed": 1, "none": None, "model": {"size": None, "layers": [1, 2]}}
    assert tomllib.loads(to_toml(table)) == {"seed": 1, "model": {"layers": [1, 2]}}


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_survives_as_toml(name):
    preset = load_preset(name)
    assert make_preset(tomllib.loads(to_toml(preset.model_dump(mode="json")))) == preset


@pytest.mark.parametrize(("told", "expected"), [({"amx_bf16": True}, True), ({"avx512_bf16": False}, False)])
def test_half_precision_is_left_to_the_machine(tmp_path, monkeypatch, told, expected):
    import torch
    from trl import SFTConfig

    from safecrs.training.runs.settings import trl_config

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    settings, folder = load_preset("tiny").sft, str(tmp_path)
    assert trl_config(SFTConfig, settings, output_dir=folder).bf16 is expected
    own = {**settings, "bf16": not expected}
    assert trl_config(SFTConfig, own, output_dir=folder).bf16 is not expected
