from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safecrs.training.preset import Preset, load_preset, preset_names
from safecrs.training.toml_text import to_toml

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(TEXT, VALUES, max_size=4))
def test_what_is_written_is_read(table):
    assert tomllib.loads(to_toml(table)) == table


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_survives(name):
    preset = load_preset(name)
    assert Preset.model_validate(tomllib.loads(to_toml(preset.model_dump(mode="json")))) == preset


def test_it_is_readable():
    table = {"seed": 1, "none": None, "model": {"name": 'a "b"', "size": {"hidden": 8}}, "empty": {}}
    assert to_toml(table) == (
        'seed = 1\n\n[model]\nname = "a \\"b\\""\n\n[model.size]\nhidden = 8\n\n[empty]\n'
    )
