"""What surrounds a run and can go wrong: other libraries that talk, a full disk."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from tiny_runs import SFT, train_sft
from transformers import TrainingArguments

from safecrs.errors import SafecrsError
from safecrs.training.runs.log import LOG, TrainingLog
from safecrs.training.runs.manifest import BaseFacts, Provenance, RunManifest
from safecrs.training.runs.run import Run
from safecrs.training.runs.selection import Validation

pytestmark = pytest.mark.usefixtures("one_thread")


def python(code):
    """Run in a process of its own."""
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path},
    )


def test_libraries_keep_quiet(base, samples, tmp_path):
    """In a process of its own, where nothing was silenced before."""
    code = (
        "from pathlib import Path; from tiny_world import make_world\n"
        "from tiny_runs import train_sft; "
        "from safecrs.recommenders.language_models.checkpoint import LanguageModel\n"
        "world = make_world()\n"
        f"model = train_sft(Path({str(tmp_path)!r}), Path({str(base)!r}), world.benchmark.split('train'),"
        f" {SFT!r}, safe=True)\n"
        "LanguageModel.load(model)\n"
    )
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


class Failing:
    """A trainer that cannot train, and may be one of FSDP's."""

    model = torch.nn.Linear(1, 1)
    state, processing_class = SimpleNamespace(global_step=3), None
    args = TrainingArguments(use_cpu=True)
    is_fsdp_enabled, is_deepspeed_enabled = True, False

    def __init__(self, error):
        self.error = error
        self.callback_handler = SimpleNamespace(callbacks=[])

    def train(self, **_options):
        raise self.error

    def add_callback(self, callback):
        pass

    remove_callback = add_callback


def a_run(folder, validation=None, **settings):
    identity = {"stage": "s", "base": "b", "seed": 0, "data": "d", "reasons": True, "safe": True}
    origin = Provenance(base=BaseFacts(name="tiny"))
    return Run(folder, RunManifest(settings=settings, versions={}, provenance=origin, **identity), validation)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device; free some space and"),
        (
            RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
            "free some space",
        ),
        (PermissionError(13, "Permission denied"), "Permission denied; fix that and"),
        (ConnectionError("no server\nat gpu-1"), "no server at gpu-1; fix that and"),
    ],
)
def test_what_cannot_be_written_or_reached_is_one_sentence(tmp_path, error, told):
    with pytest.raises(SafecrsError, match=told) as caught:
        a_run(tmp_path).execute(lambda: Failing(error))
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_dressed_up(tmp_path):
    with pytest.raises(RuntimeError, match="a bug"):
        a_run(tmp_path).execute(lambda: Failing(RuntimeError("a bug")))


def test_a_refused_setting_leaves_the_folder_free(base, samples, tmp_path):
    few = SFT | {"max_steps": 1}
    with pytest.raises(SafecrsError, match="does not accept"):
        train_sft(tmp_path, base, samples, few | {"learning_rat": 1}, safe=True)
    assert (train_sft(tmp_path, base, samples, few, safe=True) / "config.json").is_file()
    with pytest.raises(SafecrsError, match="other settings"):
        train_sft(tmp_path, base, samples, few | {"learning_rat": 1}, safe=True)


def test_what_fails_before_a_checkpoint_leaves_the_folder_free(tmp_path, monkeypatch):
    def failed(run, error, match, make=lambda: Failing(ValueError("a bug"))):
        with pytest.raises(error, match=match):
            run.execute(make)
        assert not {path.name for path in tmp_path.glob("*.json")}

    def mistaken():
        raise ValueError("no such layer")

    failed(a_run(tmp_path, Validation(lambda *_: {})), SafecrsError, "selection.samples=0")
    failed(a_run(tmp_path, report_to="none"), SafecrsError, "do not work .*: no such layer", mistaken)
    failed(a_run(tmp_path, report_to="none", batch=1), ValueError, "a bug")
    monkeypatch.setattr("safecrs.training.runs.settings.find_spec", lambda _name: None)
    failed(a_run(tmp_path, report_to="tensorboard"), SafecrsError, "pip install tensorboard")


def test_what_fails_after_a_checkpoint_keeps_its_record(tmp_path):
    """Also half a checkpoint: another run would write into it."""

    class Late(Failing):
        def train(self, **_options):
            (tmp_path / "checkpoints" / "checkpoint-2").mkdir(parents=True)
            raise self.error

    for make in (Late, Failing):
        with pytest.raises(RuntimeError, match="out of memory"):
            a_run(tmp_path).execute(lambda make=make: make(RuntimeError("out of memory")))
        assert {path.name for path in tmp_path.glob("*.json")} == {"run.json"}


def test_an_attempt_that_failed_is_not_in_the_log(base, samples, tmp_path):
    few = SFT | {"max_steps": 2}

    def fail(*_step):
        raise RuntimeError("out of memory")

    with pytest.raises(RuntimeError, match="out of memory"):
        train_sft(tmp_path, base, samples, few, safe=True, progress=fail)
    train_sft(tmp_path, base, samples, few | {"per_device_train_batch_size": 2}, safe=True)
    assert [entry["step"] for entry in TrainingLog(tmp_path / LOG).entries()] == [1, 2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs resource limits")
def test_a_checkpoint_that_cannot_be_written_is_told(base, samples, tmp_path):
    """A limit on file sizes stands for the full disk; the run goes on once it is lifted."""
    code = (
        "import resource; from pathlib import Path; from tiny_world import make_world\n"
        "from safecrs.errors import SafecrsError; from tiny_runs import train_sft\n"
        "samples = make_world().benchmark.split('train')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "try:\n"
        f"    train_sft(Path({str(tmp_path)!r}), Path({str(base)!r}), samples, {SFT!r}, safe=True)\n"
        "except SafecrsError as error:\n    print(error)\n"
    )
    done = python(code)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("Training stopped:"), done
    assert done.stdout.count("\n") == 1
    assert (train_sft(tmp_path, base, samples, SFT, safe=True) / "config.json").is_file()
