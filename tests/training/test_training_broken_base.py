"""A base model whose files are damaged or lie ends training with one sentence."""

from __future__ import annotations

import shutil

import pytest
from tiny_runs import SFT, SMALL, train_sft

from safecrs.errors import SafecrsError

pytestmark = pytest.mark.usefixtures("one_thread")
DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("tokenizer.json", "{"),
        ("tokenizer.json", "{}"),
        ("tokenizer.json", "[1]"),
        ("tokenizer.json", DEEP),
        ("tokenizer_config.json", "{"),
        ("tokenizer_config.json", "[1]"),
        ("tokenizer_config.json", '{"model_max_length": ' + "9" * 5000 + "}"),
        ("chat_template.jinja", "{% for message in messages %}{{"),
        ("chat_template.jinja", "{{ messages.nothing.here }}"),
        ("chat_template.jinja", "{{ raise_exception('no') }}"),
        ("config.json", "{"),
        ("config.json", "[]"),
        ("config.json", DEEP),
        ("config.json", '{"model_type": "llama", "hidden_size": "many"}'),
        ("config.json", '{"model_type": 3}'),
        ("model.safetensors", ""),
        ("model.safetensors", "half"),
    ],
    ids=lambda text: text[:30],
)
def test_broken_files_are_one_sentence(base, samples, tmp_path, file, content):
    broken = shutil.copytree(base, tmp_path / "base")
    (broken / file).write_text(content)
    with pytest.raises(SafecrsError) as caught:
        train_sft(tmp_path / "run", broken, samples, SFT | {"max_steps": 1}, safe=True, model=SMALL)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 600
    assert "free some space" not in str(caught.value)
