"""Runs of two processes on the CPU (gloo), started by `accelerate launch` as users do, against one process.

What can be compared exactly and what cannot: supervised training has no chance in it but the order of the
samples, which is the same, so losses and weights agree up to the order of additions. (Only where the samples
fill every batch: accelerate fills up the last one of an epoch, so that all processes have as many.)

The rollouts of reinforcement learning are drawn from a generator of each process's own, so a run of two
processes sees other completions than a run of one. So it is compared twice. With greedy rollouts, which
are the same but leave nothing to learn (all of a group are equal): what is asked, judged and logged. With
completions written by the test, one group of which lies in both processes: advantages, losses and weights. Of
sampled rollouts we see that the processes draw different ones, and that the run is complete.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from safecrs.errors import SafecrsError
from safecrs.training.runs.launch import PURPOSES, launch_config
from safecrs.training.runs.processes import is_main, lost_process, main_first, one_folder, process_count
from tiny_world import make_world

SMALL = (
    "model.size.hidden=32",
    "model.size.layers=1",
    "model.size.heads=2",
    "model.size.inner=16",
    "model.size.tastes=4",
)
SFT = (
    *SMALL,
    "sft.max_steps=6",
    "sft.save_steps=2",
    "sft.logging_steps=1",
    "sft.bf16=false",
)
RL = (
    "rl.max_steps=4",
    "rl.save_steps=2",
    "rl.logging_steps=1",
    "rl.bf16=false",
    "rl.num_generations=4",
    "rl.max_completion_length=24",
)


def command(*arguments, processes=1):
    if processes == 1:
        return [sys.executable, *map(str, arguments)]
    launcher = (sys.executable, "-m", "accelerate.commands.launch", "--config_file", launch_config("cpu"))
    return [*map(str, launcher), "--num_processes", str(processes), *map(str, arguments)]


def environment():
    path = os.pathsep.join(entry for entry in sys.path if entry)
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": path}


@contextmanager
def started(*arguments):
    """A process that is asked to end, and so ends those it started, if it has not by itself."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(arguments, env=environment(), **pipes)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate()


def run(*arguments, processes=1, settings=()):
    options = [part for setting in settings for part in ("--set", setting)]
    with started(*command(*arguments, *options, processes=processes)) as process:
        out, err = process.communicate(timeout=180)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def logged(folder, key):
    path = folder / "log.jsonl"
    if path.is_file():
        entries = [json.loads(line) for line in path.read_text().splitlines()]
    else:
        entries = json.loads((folder / "log.json").read_text())
    return [entry[key] for entry in entries if key in entry]


def apart(first, second):
    """The largest difference between two models' weights."""
    a, b = load_file(first / "model.safetensors"), load_file(second / "model.safetensors")
    assert a.keys() == b.keys()
    return max(float(np.abs(a[name] - b[name]).max()) for name in a)


@pytest.fixture(scope="module")
def benchmark(tmp_path_factory):
    """32 training samples: four batches of eight."""
    from safecrs.benchmark import save_benchmark

    world = make_world(people=32)
    target = tmp_path_factory.mktemp("processes") / "tiny"
    save_benchmark(world.benchmark, target)
    return target


def sft(benchmark, out, processes, *more):
    size = f"sft.per_device_train_batch_size={8 // processes}"
    return run(
        *("-m", "safecrs", "train", "sft", benchmark, "--out", out),
        processes=processes,
        settings=(*SFT, size, *more),
    )


@pytest.fixture(scope="module")
def one_and_two(benchmark, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    done = {count: sft(benchmark, folder / str(count), count) for count in (1, 2)}
    return folder, done


@pytest.mark.slow
def test_supervised_training_is_the_same_in_two_processes(one_and_two):
    folder, done = one_and_two
    for each in done.values():
        assert each.returncode == 0, each.stderr[-2000:]
    one, two = folder / "1", folder / "2"
    losses = logged(one, "loss")
    assert len(losses) == 6
    assert losses[-1] < losses[0] - 0.1
    assert logged(two, "loss") == pytest.approx(losses, abs=2e-5)
    assert logged(two, "grad_norm") == pytest.approx(logged(one, "grad_norm"), rel=1e-4)
    assert apart(one / "model", two / "model") < 1e-4
    assert apart(one / "model", one / "base") > 1e-4, "something was learnt"
    assert apart(one / "base", two / "base") == 0


@pytest.mark.slow
def test_one_process_writes_and_talks(one_and_two):
    folder, done = one_and_two
    told = {count: re.sub(r"tok/s \d+", "", each.stdout) for count, each in done.items()}
    assert told[2] == told[1].replace(str(folder / "1"), str(folder / "2"))
    assert done[2].stderr == ""
    files = {
        name: {path.name for path in (folder / name).rglob("*") if path.is_file()} for name in ("1", "2")
    }
    events = {name for found in files.values() for name in found if name.startswith("events.out")}
    random_states = {"rng_state_0.pth", "rng_state_1.pth"}
    assert files["2"] - events == (files["1"] - events - {"rng_state.pth"}) | random_states
    assert not list(folder.rglob("*.tmp"))
    record = json.loads((folder / "2" / "run.json").read_text())
    assert record["settings"]["processes"] == 2
    assert "processes" not in json.loads((folder / "1" / "run.json").read_text())["settings"]


@pytest.mark.slow
def test_a_run_goes_on_with_as_many_processes_only(one_and_two, benchmark):
    folder, _ = one_and_two
    done = run(
        *("-m", "safecrs", "train", "sft", benchmark, "--out", folder / "2"),
        settings=(*SFT, "sft.per_device_train_batch_size=4"),
    )
    assert done.returncode == 2
    assert "other settings" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
def test_a_mistake_of_all_processes_ends_the_run(one_and_two, benchmark):
    folder, _ = one_and_two
    done = sft(benchmark, folder / "2", 2, "sft.learning_rate=1.0")
    assert done.returncode != 0
    assert "safecrs: " in done.stderr
    assert "other settings" in done.stderr
    assert 'File "' not in done.stderr.partition("torch/distributed")[0], "no traceback of ours"


def gdpo(benchmark, base, out, processes, *more, program=("-m", "safecrs")):
    size = f"rl.per_device_train_batch_size={16 // processes}"
    return run(
        *(*program, "train", "gdpo", benchmark, "--base", base, "--out", out),
        processes=processes,
        settings=(*RL, size, *more),
    )


@pytest.mark.slow
def test_greedy_rollouts_are_the_same_in_two_processes(one_and_two, benchmark, tmp_path):
    base = one_and_two[0] / "1" / "model"
    for count in (1, 2):
        done = gdpo(benchmark, base, tmp_path / str(count), count, "rl.top_k=1")
        assert done.returncode == 0, done.stderr[-2000:]
    one, two = tmp_path / "1", tmp_path / "2"
    assert len(logged(one, "reward")) == 4
    assert len(set(logged(one, "rewards/count/mean"))) > 1, "the steps see different people"
    exact = ("loss", "reward", "reward_std", "num_tokens", "completions/mean_length")
    rewards = [
        f"rewards/{name}/{what}" for name in ("relevance", "safety", "count") for what in ("mean", "std")
    ]
    for key in (*exact, *rewards, "slate/length", "slate/recall", "slate/empty"):
        assert logged(two, key) == pytest.approx(logged(one, key), abs=1e-5), key
    assert logged(two, "entropy") == pytest.approx(logged(one, "entropy"), abs=1e-4)
    assert apart(one / "model", two / "model") < 1e-6


SLOW_DISK = """
import time
from safecrs.cli import main
from safecrs.training.runs.log import TrainingLog

append = TrainingLog.append

def late(self, *line):
    time.sleep(0.3)
    append(self, *line)

TrainingLog.append = late
main()
"""


@pytest.mark.slow
@pytest.mark.parametrize("rollouts", ["free", "constrained"])
def test_sampled_rollouts_of_two_processes_make_a_complete_run(one_and_two, benchmark, tmp_path, rollouts):
    """What one process logs the other reads, to agree on the best checkpoint: here it comes late."""
    script = tmp_path / "slow_disk.py"
    script.write_text(SLOW_DISK)
    base = one_and_two[0] / "1" / "model"
    chosen = (
        f"gdpo.rollouts={rollouts}",
        "gdpo.credit=rank",
        "gdpo.rewards.target=4",
        "selection.samples=128",
    )
    done = gdpo(benchmark, base, tmp_path / "run", 2, "rl.learning_rate=1e-3", *chosen, program=(script,))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    assert len(logged(tmp_path / "run", "loss")) == 4
    assert len(logged(tmp_path / "run", "validation/recall@10")) == 2
    assert len(logged(tmp_path / "run", "selected")) == 1
    assert all(np.isfinite(logged(tmp_path / "run", "grad_norm")))
    assert min(logged(tmp_path / "run", "grad_norm")) > 0
    assert apart(tmp_path / "run" / "model", base) > 1e-4


SCRIPTED = """
import json, sys
from pathlib import Path
import numpy as np, torch
from accelerate.utils import gather_object
from datasets import Dataset
from trl import GRPOConfig
from tiny_world import make_world
from safecrs.scoring.rewards import RewardSettings
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.gdpo.trainer import SafeGDPOTrainer
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.objectives.base import Task

folder, base, size = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
world = make_world()
task = Task(world.benchmark.split("train"), world.oracle, {}, True)
labels = world.catalog.labels

class Scripted(SafeGDPOTrainer):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.written, self.seen, self.drawn = 0, [], []

    def _generate_single_turn(self, prompts, *_):
        first = self.accelerator.process_index * len(prompts)
        self.written += 1
        ids = []
        for position in range(first, first + len(prompts)):
            rng = np.random.default_rng([self.written, position])
            chosen = rng.choice(len(labels), size=rng.integers(1, 14))
            text = chr(10).join(labels[row] for row in chosen)
            written = self._tokenizer.encode(text, add_special_tokens=False)
            ids.append([*written, self._tokenizer.eos_token_id])
        return ids, None

    def _generate_and_score_completions(self, inputs):
        output = super()._generate_and_score_completions(inputs)
        mask = output["completion_mask"].bool()
        rows = output["advantages"]
        rows = [row[kept].tolist() if row.dim() else row.item() for row, kept in zip(rows, mask)]
        self.seen.append(gather_object(rows))
        self.drawn.append(gather_object([torch.rand(()).item()]))
        return output

told = {}
for credit, aggregation in (("rank", "gdpo"), ("sequence", "gdpo"), ("rank", "grpo")):
    name = f"{credit}-{aggregation}"
    trainer = Scripted(
        base,
        GdpoSettings(credit=credit, aggregation=aggregation, rewards=RewardSettings(validity=1.0)),
        world.oracle,
        GRPOConfig(
            output_dir=str(folder), per_device_train_batch_size=size, num_generations=8, max_steps=3,
            learning_rate=1e-2, beta=0.05, logging_steps=1, save_strategy="no", report_to="none",
            use_cpu=True, bf16=False, gradient_checkpointing=False, disable_tqdm=True, seed=5,
            max_completion_length=64,
        ),
        Dataset.from_list(OBJECTIVES["safe-gdpo"].rows(task)),
    )
    trainer.train()
    trainer.save_model(str(folder / name))
    log = [entry for entry in trainer.state.log_history if "loss" in entry]
    told[name] = {"advantages": trainer.seen, "drawn": trainer.drawn, "log": log}
if trainer.accelerator.is_main_process:
    (folder / "told.json").write_text(json.dumps(told))
"""


@pytest.mark.slow
def test_given_completions_teach_the_same_in_two_processes(one_and_two, tmp_path):
    """Three groups of eight completions a step; with twelve a process, one group lies in both."""
    script = tmp_path / "scripted.py"
    script.write_text(SCRIPTED)
    base = one_and_two[0] / "1" / "model"
    for count in (1, 2):
        done = run(script, tmp_path / str(count), base, 24 // count, processes=count)
        assert done.returncode == 0, done.stderr[-2000:]
    whole, split = (json.loads((tmp_path / name / "told.json").read_text()) for name in ("1", "2"))
    assert len(whole) == 3
    for name, one in whole.items():
        two = split[name]
        for first, second in zip(one["advantages"], two["advantages"], strict=True):
            assert len(first) == 24
            for a, b in zip(first, second, strict=True):
                assert b == pytest.approx(a, abs=1e-5)
        assert max(np.abs(np.ravel(row)).max() for row in one["advantages"][0]) > 0.5
        for key in ("loss", "grad_norm", "kl", "reward", "rewards/safety/mean", "rewards/safety/std"):
            a, b = ([entry[key] for entry in told["log"]] for told in (one, two))
            assert b == pytest.approx(a, rel=1e-3, abs=1e-5), (name, key)
        assert apart(tmp_path / "1" / name, tmp_path / "2" / name) < 1e-4
        assert apart(tmp_path / "1" / name, base) > 1e-2
        drawn = two["drawn"][0]
        assert drawn[0] != drawn[1], "each process has a generator of its own"


def ranks_of(pid):
    """The processes that the launcher ``pid`` started, by rank."""
    found = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                held = (folder / "environ").read_bytes().split(b"\0") if parent == pid else []
            except OSError:
                continue
            found |= {int(entry[5:]): int(folder.name) for entry in held if entry.startswith(b"RANK=")}
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc to find the processes")
def test_killing_one_process_ends_the_run_which_then_goes_on(benchmark, tmp_path):
    """Twice, first the one and then the other, to the weights of a run that nothing disturbed, bit by bit."""
    longer = ("sft.max_steps=40", "sft.save_steps=5")
    whole = sft(benchmark, tmp_path / "whole", 2, *longer)
    assert whole.returncode == 0, whole.stderr[-2000:]
    size = "sft.per_device_train_batch_size=4"
    options = [part for setting in (*SFT, *longer, size) for part in ("--set", setting)]
    arguments = ("-m", "safecrs", "train", "sft", benchmark, "--out", tmp_path / "cut", *options)
    for rank, told in ((1, "12/40"), (0, "28/40")):
        with started(*command(*arguments, processes=2)) as process:
            for line in process.stdout:
                if told in line:
                    os.kill(ranks_of(process.pid)[rank], signal.SIGKILL)
                    break
            _, err = process.communicate(timeout=60)
        assert process.returncode != 0
        assert "Signal 9 (SIGKILL)" in err  # the launcher names the process
        assert not (tmp_path / "cut" / "model").exists()
    again = run(*arguments, processes=2)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "SFT: 1/40" not in again.stdout, "it went on from a checkpoint"
    assert apart(tmp_path / "cut" / "model", tmp_path / "whole" / "model") == 0


def test_one_process_needs_no_launcher(tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "4")  # machines, said by a job scheduler
    monkeypatch.setenv("RANK", "3")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert process_count() == 1
    assert is_main()
    with main_first(), one_folder(tmp_path / "made") as folder:
        (folder / "file").write_text("x")
    assert (tmp_path / "made" / "file").is_file()
    assert not lost_process(RuntimeError("gloo: connection closed by peer"))


def test_a_lost_process_is_recognised(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert process_count() == 2
    assert not is_main()
    assert lost_process(
        RuntimeError("[../gloo/transport/tcp/pair.cc:534] Connection closed by peer [127.0.0.1]")
    )
    assert not lost_process(RuntimeError("a bug"))
    assert not lost_process(SafecrsError("Connection closed by peer"))


@pytest.mark.parametrize("name", PURPOSES)
def test_accelerate_takes_the_shipped_configurations(name):
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    path = launch_config(name)
    config = load_config_from_file(str(path))
    given = ["--config_file", str(path), "-m", "safecrs", "train", "sft"]
    if name == "nodes":
        given = ["--main_process_ip", "10.0.0.1", "--machine_rank", "1", *given]
    arguments, _, _ = _validate_launch_command(launch_command_parser().parse_args(given))
    assert arguments.num_processes == config.num_processes
    assert arguments.use_deepspeed == (name in ("zero1", "zero2", "zero3", "nodes"))
    assert arguments.use_fsdp == (name == "fsdp2")
    assert arguments.multi_gpu == (name in ("multi_gpu", "cpu"))
    assert arguments.mixed_precision == ("no" if name == "cpu" else "bf16")
    if name == "fsdp2":
        env = prepare_multi_gpu_env(arguments)
        assert (env["FSDP_VERSION"], env["FSDP_RESHARD_AFTER_FORWARD"]) == ("2", "true")
        assert env["FSDP_STATE_DICT_TYPE"] == "FULL_STATE_DICT", "or the finished model would not be saved"
    if arguments.use_deepspeed:
        stage = config.deepspeed_config["zero_stage"]
        assert stage == {"zero1": 1, "zero2": 2}.get(name, 3)
        assert stage < 3 or config.deepspeed_config["zero3_save_16bit_model"]


def test_a_launch_configuration_that_is_not_there():
    with pytest.raises(SafecrsError, match="choose cpu, single_gpu"):
        launch_config("tpu")
