from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tiny_runs import RL, SFT, SMALL, Killed, assert_equal, kill_at, train_gdpo, train_sft

from safecrs.errors import SafecrsError, SafecrsWarning
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.models.base import model_fingerprint
from safecrs.training.models.spec import LoraSpec, ModelSpec
from safecrs.training.preset import load_preset
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.manifest import read_manifest
from safecrs.training.train import train
from tiny_world import SMALL as TINY_PRESET

pytestmark = pytest.mark.usefixtures("one_thread")


def losses(folder):
    return [loss for _, loss in series(TrainingLog(folder / LOG).entries(), "loss")]


def logged(folder):
    """All that is logged but speeds, times and the tokens of this process."""
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    timed = ("per_second", "runtime", "num_tokens")
    return [{name: value for name, value in line.items() if not name.endswith(timed)} for line in lines]


@pytest.fixture(scope="module")
def cut(base, samples, tmp_path_factory):
    """A run that was killed when it had two checkpoints."""
    folder = tmp_path_factory.mktemp("cut")
    with pytest.raises(Killed):
        train_sft(folder, base, samples, SFT, safe=True, model=SMALL, progress=kill_at(5))
    return folder


@pytest.fixture(scope="module")
def whole(base, samples, tmp_path_factory):
    """A run that nothing disturbed, and what its progress was told."""
    told = []
    folder = tmp_path_factory.mktemp("whole")
    model = train_sft(
        folder, base, samples, SFT, safe=True, model=SMALL, progress=lambda *step: told.append(step[:2])
    )
    return folder, model, told


def test_a_run_leaves_record_log_and_model(whole, base):
    folder, model, told = whole
    assert model == folder / "model"
    assert told == [(step, 6) for step in range(1, 7)]
    record = json.loads((folder / "run.json").read_text())
    assert record["stage"] == "safe-sft"
    assert record["base"] == model_fingerprint(base)
    assert record["settings"]["learning_rate"] == 1e-2
    assert record["versions"]["torch"]
    assert len(losses(folder)) == 6
    assert losses(folder)[-1] < losses(folder)[0]
    assert not list(folder.rglob("model/*.bin"))
    kept = sorted((folder / "checkpoints").glob("checkpoint-*"))
    assert [path.name for path in kept] == ["checkpoint-4", "checkpoint-6"]
    for path in kept:
        subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=path, check=True)
    assert model_fingerprint(model) != model_fingerprint(base)


def test_what_the_trainer_decided_for_itself_is_kept(whole):
    folder, *_ = whole
    told = json.loads((folder / "run.json").read_text())["arguments"]
    assert told["learning_rate"] == 1e-2
    assert told["optim"] == "adamw_torch_fused"  # nobody asked for it
    assert isinstance(told["use_cpu"], bool)
    assert told["accelerator_config"]["even_batches"] is True
    assert not {"output_dir", "hub_token"} & told.keys()
    assert str(folder) not in (folder / "run.json").read_text()


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
    assert logged(tmp_path) == logged(whole[0])


def damage_nothing_left(path):
    path.write_bytes(b"")


def damage_cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def damage_bit(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("optimizer.pt", damage_nothing_left),
        ("optimizer.pt", Path.unlink),
        ("model.safetensors", damage_cut),
        ("model.safetensors", damage_bit),
        ("scheduler.pt", Path.unlink),
        ("trainer_state.json", damage_nothing_left),
    ],
)
def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(
    whole, cut, base, samples, tmp_path, file, damage
):
    folder = shutil.copytree(cut, tmp_path / "run")
    damage(folder / "checkpoints" / "checkpoint-4" / file)
    told = []
    with pytest.warns(SafecrsWarning, match=rf"checkpoint-4 is damaged \({file}\).* of step 2 is used"):
        model = train_sft(
            folder, base, samples, SFT, safe=True, model=SMALL, progress=lambda *now: told.append(now[0])
        )
    assert told == [3, 4, 5, 6]
    assert (folder / "checkpoints" / "damaged-4").is_dir()
    assert_equal(model, whole[1])
    assert logged(folder) == logged(whole[0])


def test_where_all_checkpoints_are_damaged_training_begins_again(whole, cut, base, samples, tmp_path):
    folder = shutil.copytree(cut, tmp_path / "run")
    for step in (2, 4):
        (folder / "checkpoints" / f"checkpoint-{step}" / "optimizer.pt").unlink()
    with pytest.warns(SafecrsWarning, match="it is trained again"):
        model = train_sft(folder, base, samples, SFT, safe=True, model=SMALL)
    assert_equal(model, whole[1])


def test_a_checkpoint_cut_short_is_passed_over(whole, base, samples, tmp_path):
    with pytest.raises(Killed):
        train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL, progress=kill_at(5))
    complete = sorted((tmp_path / "checkpoints").glob("checkpoint-*"))
    assert [path.name for path in complete] == ["checkpoint-2", "checkpoint-4"]
    for name, state in (("checkpoint-6", None), ("checkpoint-8", '{"global_step": 8, "log')):
        broken = tmp_path / "checkpoints" / name
        broken.mkdir()
        for half in ("model.safetensors", ".tmpx4Zq"):
            (broken / half).write_bytes(b"half")
        if state:
            (broken / "trainer_state.json").write_text(state)
    model = train_sft(tmp_path, base, samples, SFT, safe=True, model=SMALL)
    assert_equal(model, whole[1])
    assert not list(tmp_path.rglob(".tmp*"))


def test_a_run_killed_while_its_model_is_saved_saves_the_same(base, samples, tmp_path, monkeypatch):
    """All steps are done and checkpointed; what is left is to write the model, not to take one step more."""

    def run(folder):
        settings = SFT | {"lr_scheduler_type": "constant"}
        return train_sft(folder, base, samples, settings, safe=True, model=SMALL)

    def cut(_folder):
        raise Killed

    whole = run(tmp_path / "whole")
    with monkeypatch.context() as patch:
        patch.setattr("safecrs.training.runs.run.one_folder", cut)
        with pytest.raises(Killed):
            run(tmp_path / "cut")
    assert not (tmp_path / "cut" / "model").exists()
    assert_equal(run(tmp_path / "cut"), whole)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")


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
        ({"reasoning": False}, "reasons"),
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
    with pytest.raises(SafecrsError, match="not the manifest of a run"):
        train_sft(tmp_path, base, samples, SFT, safe=True)


def test_nothing_to_train_on(tmp_path, base):
    with pytest.raises(SafecrsError, match="no training sample"):
        train_sft(tmp_path, base, [], SFT, safe=True)
    with pytest.raises(SafecrsError, match="holds no model weights"):
        model_fingerprint(tmp_path)


def test_reinforcement_learning_goes_on_to_the_same_weights(world, base, samples, tmp_path):
    def run(folder, progress=None):
        return train_gdpo(folder, base, samples, RL, GdpoSettings(), model=SMALL, progress=progress)

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(3))
    resumed = run(tmp_path / "cut")
    assert_equal(whole, resumed)
    assert model_fingerprint(whole) != model_fingerprint(base)


def test_whether_the_base_reasons_is_remembered(world, base, samples, tmp_path):
    """By the record of a run that starts from one that does not; other records are as they always were."""

    def recorded(name, **options):
        gdpo, rl = GdpoSettings(), RL | {"max_steps": 1}
        train_gdpo(tmp_path / name, base, samples, rl, gdpo, model=SMALL, **options)
        return read_manifest(tmp_path / name)

    without, with_ = recorded("without", reasons=False), recorded("with")
    assert not without.reasons
    assert with_.reasons
    assert without.settings == with_.settings
    assert without.differences(with_) == ["reasons"]


@pytest.mark.parametrize("rollouts", ["free", "constrained"])
def test_nobody_writes_an_analysis_for_a_model_that_was_trained_without(world, base, tmp_path, rollouts):
    told = ("selection.samples=0", f"gdpo.rollouts={rollouts}", "gdpo.rewards.target=2")
    preset = load_preset("tiny", (*TINY_PRESET, *told))
    study = world.benchmark
    found = {}
    for safe in (False, True):
        folder = tmp_path / str(safe)
        start = train("safe-sft" if safe else "sft", study, preset, base, folder / "sft")
        train("safe-gdpo", study, preset, start, folder / "gdpo")
        found[safe] = read_manifest(folder / "gdpo")
    assert found[True].settings["gdpo"]["reasoning"] == "given"
    assert found[False].settings["gdpo"]["reasoning"] == ("none" if rollouts == "constrained" else "given")
    assert [found[safe].reasons for safe in (False, True)] == [False, True]


def test_reinforcement_learning_under_another_oracle_is_another_run(world, base, samples, tmp_path):
    from safecrs.oracle import Oracle

    run = RL | {"max_steps": 1}
    train_gdpo(tmp_path, base, samples, run, GdpoSettings(), model=SMALL)
    lax = Oracle.from_risk(world.catalog, world.oracle.taxonomy, 0 * world.oracle.possible_risk)
    with pytest.raises(SafecrsError, match="other data"):
        train_gdpo(tmp_path, base, samples, run, GdpoSettings(), model=SMALL, oracle=lax)
