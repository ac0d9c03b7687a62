"""What surrounds a run and can go wrong: other libraries that talk, a full disk."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch
from tiny_runs import SFT

from safecrs.errors import SafecrsError
from safecrs.training.record import RunRecord
from safecrs.training.runs import Run, train
from safecrs.training.sft import train_sft

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
        "from safecrs.training.sft import train_sft; from safecrs.policies import LanguageModel\n"
        "world = make_world()\n"
        f"model = train_sft(Path({str(tmp_path)!r}), Path({str(base)!r}), world.benchmark.split('train'),"
        f" {SFT!r}, safe=True)\n"
        "LanguageModel.load(model)\n"
    )
    done = python(code)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), "No space left on device; free some space and"),
        (
            RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 64 vs 0"),
            "free some space",
        ),
        (PermissionError(13, "Permission denied"), "Permission denied; mend that and"),
        (ConnectionError("no server\nat gpu-1"), "no server at gpu-1; mend that and"),
    ],
)
def test_what_cannot_be_written_or_reached_is_one_sentence(tmp_path, error, told):
    class Full:
        model = torch.nn.Linear(1, 1)
        state = None
        processing_class = None

        def train(self, **_options):
            raise error

        def add_callback(self, callback):
            pass

        remove_callback = add_callback

    record = RunRecord(stage="s", base="b", settings={}, seed=0, data="d", versions={})
    with pytest.raises(SafecrsError, match=told) as caught:
        train(Run(tmp_path, record), Full)
    assert "\n" not in str(caught.value)


def test_other_errors_are_not_dressed_up(tmp_path):
    class Wrong:
        model = torch.nn.Linear(1, 1)

        def train(self, **_options):
            raise RuntimeError("a bug")

        def remove_callback(self, callback):
            pass

        add_callback = remove_callback

    record = RunRecord(stage="s", base="b", settings={}, seed=0, data="d", versions={})
    with pytest.raises(RuntimeError, match="a bug"):
        train(Run(tmp_path, record), Wrong)


def test_a_refused_setting_leaves_the_folder_free(base, samples, tmp_path):
    few = SFT | {"max_steps": 1}
    with pytest.raises(SafecrsError, match="does not accept"):
        train_sft(tmp_path, base, samples, few | {"learning_rat": 1}, safe=True)
    assert (train_sft(tmp_path, base, samples, few, safe=True) / "config.json").is_file()
    with pytest.raises(SafecrsError, match="other settings"):
        train_sft(tmp_path, base, samples, few | {"learning_rat": 1}, safe=True)


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
    done = python(code)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.startswith("Training stopped:"), done
    assert done.stdout.count("\n") == 1
    assert (train_sft(tmp_path, base, samples, SFT, safe=True) / "config.json").is_file()
