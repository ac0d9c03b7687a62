"""The command line as a process of its own: what a shell sees."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).parent / "safecrs"
HEAVY = ("torch", "transformers", "trl", "datasets", "matplotlib", "scipy", "jinja2")


def run(*arguments, program=(sys.executable, "-m", "safecrs"), **options):
    return subprocess.run(
        [*program, *map(str, arguments)], capture_output=True, text=True, timeout=45, check=False, **options
    )


def test_script_and_module_are_the_same():
    if not SCRIPT.is_file():
        pytest.skip("the script is not installed")
    for code, title in ((1, "Saw (2004)"), (0, "Finding Nemo (2003)"), (3, "No Such Film (1901)")):
        a = run("check", title, "-t", "gore", program=(SCRIPT,))
        b = run("check", title, "-t", "gore")
        assert (a.returncode, a.stdout, a.stderr) == (b.returncode, b.stdout, b.stderr)
        assert a.returncode == code
        assert a.stderr == ""


@pytest.mark.parametrize(
    "module", ["safecrs.cli", "safecrs.oracle", "safecrs.recommenders", "safecrs.evaluation"]
)
def test_imports_stay_light(module):
    heavy = ("torch", "transformers", "trl", "datasets", "matplotlib")
    if module in ("safecrs.cli", "safecrs.oracle"):
        heavy = HEAVY
    done = run(
        "-c",
        f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])",
        program=(sys.executable,),
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_check_loads_nothing_heavy_and_is_quick():
    code = (
        "import sys\nfrom safecrs.cli import main\n"
        "try:\n    main(['check', 'Saw (2004)', '-t', 'gore'])\n"
        f"finally:\n    sys.stderr.write(repr([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    alone = "import numpy, pydantic, rapidfuzz, rich.console, typer"
    seconds: dict[str, list[float]] = {code: [], alone: []}
    for _ in range(3):
        for what, spent in seconds.items():
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = run("-c", what, program=(sys.executable,))
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
            if what is code:
                assert done.stderr == "[]"
                assert done.returncode == 1
    # Of the processor, not of the clock, and against what it stands on: machines differ.
    assert min(seconds[code]) < 5 * min(seconds[alone])


def test_a_package_that_is_missing_is_named_with_what_brings_it(tmp_path):
    from safecrs.recommenders.manifest import Manifest

    Manifest.of_model(reasons=False).write(tmp_path)
    code = (
        "import sys\nsys.modules['torch'] = None\nfrom safecrs.cli import main\n"
        "main(['recommend', 'space films', '--model', sys.argv[1]])"
    )
    done = run("-c", code, tmp_path, program=(sys.executable,))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("safecrs: This needs torch, which is not installed: install safecrs with")
    assert done.stderr.count("\n") == 1


def test_text_on_standard_input_as_bytes():
    text = "My daughter is terrified of spiders, “truly” 千."
    done = run("traits", "-", "--json", input=text)
    assert done.returncode == 0
    assert json.loads(done.stdout)["understood"][0]["text"] in text
    bad = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "safecrs", "traits", "-"],
        input=b"my \xff brother",
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert bad.returncode == 2
    assert bad.stderr == b"safecrs: Standard input is not UTF-8 text.\n"


def test_standard_input_is_checked_in_every_locale():
    done = subprocess.run(
        [sys.executable, "-m", "safecrs", "traits", "-"],
        input=b"my \xff brother",
        capture_output=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        | {"LC_ALL": "C"},
    )
    assert done.returncode == 2
    assert done.stderr == b"safecrs: Standard input is not UTF-8 text.\n"


def test_a_terminal_without_our_characters():
    done = run("check", "Saw (2004)", "-t", "gore", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert done.returncode == 1
    assert done.stderr == ""
    assert "unsafe" in done.stdout


def shell(command, **options):
    """A command line in which SAFECRS stands for ours."""
    words = command.replace("SAFECRS", f"{sys.executable} -m safecrs")
    done = ["bash", "-o", "pipefail", "-c", words]
    return subprocess.run(done, capture_output=True, text=True, check=False, timeout=60, **options)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("SAFECRS check 'Finding Nemo (2003)' -t gore | true", 0),
        ("SAFECRS check 'Finding Nemo (2003)' -t gore --json | true", 0),
        ("SAFECRS check 'Saw (2004)' -t gore | true", 1),
        ("SAFECRS check 'No Such Film (1901)' -t gore | true", 3),
        ("SAFECRS recommend 'a thriller' | head -1", 0),
        ("SAFECRS oracle coverage | true", 0),
        ("SAFECRS --help | true", 0),
        ("SAFECRS check 'Saw (2004)' -t gore >&-", 1),
        ("SAFECRS check 'Finding Nemo (2003)' -t gore <&- >&- 2>&-", 0),
        ("SAFECRS check 'Finding Nemo (2003)' -t gore 2>&- >/dev/null", 0),
        ("SAFECRS traits 'no gore' --nonsense 2>&-", 2),
    ],
)
def test_the_exit_status_does_not_depend_on_the_reader(command, code):
    done = shell(command)
    assert (done.returncode, done.stderr) == (code, "")


def test_standard_input_that_is_closed():
    done = shell("SAFECRS traits - <&-")
    assert done.returncode == 2
    assert done.stderr.startswith("safecrs: Standard input is closed")


@pytest.mark.parametrize("columns", ["0", "", "no", "1", "9" * 5000])
def test_any_width_said_by_the_environment_shows_all(columns):
    done = run("check", "Saw (2004)", "-t", "gore", env={**os.environ, "COLUMNS": columns})
    assert (done.returncode, done.stderr) == (1, "")
    assert "amputation" in "".join(done.stdout.split())


@pytest.mark.parametrize("columns", [None, "80"])
def test_lines_have_no_blanks_at_their_end(columns):
    env = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    done = run("check", "Saw (2004)", env=env | ({"COLUMNS": columns} if columns else {}))
    assert done.stdout.count("\n") > 37
    assert [line for line in done.stdout.split("\n") if line != line.rstrip()] == []
    assert "spiders_reptiles   safe" in done.stdout


def test_a_narrow_table_tells_rows_apart(monkeypatch, capsys):
    from safecrs.cli.output import console, grid

    monkeypatch.setenv("COLUMNS", "80")
    heads = [f"metric {n} @10" for n in range(6)]
    table = grid("system", *heads, right=heads)
    names = [f"Safe-GDPO-from-Safe-SFT without the ranker, {n}" for n in range(3)]
    for name in names:
        table.add_row(name, *["0.1234"] * 6)
    console().print(table)
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    wide = out.splitlines()[0].index("metric")
    first = "".join(line[:wide].strip() for line in out.splitlines())
    assert first.replace(" ", "") == "system" + "".join(names).replace(" ", "")
    assert "…" not in out
    assert "".join(line[wide:] for line in out.splitlines()).count("0.1234") == 18


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "command", [("check", "Saw (2004)", "--json"), ("check", "Saw (2004)")], ids=" ".join
)
def test_output_to_a_full_disk(command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "safecrs", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 2
    assert done.stderr == "safecrs: No space left on device.\n"


def interrupted(arguments, when, folder):
    """Start a command, wait for a line that holds ``when``, press Ctrl-C."""
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "safecrs", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        for line in process.stdout:
            if when in line:
                process.send_signal(signal.SIGINT)
                break
        _, err = process.communicate(timeout=60)
    finally:
        process.kill()
    return process.returncode, err


def test_ctrl_c_leaves_nothing_half_written(tmp_path):
    code, err = interrupted(("data", "starter", "--out", "starter"), "Build the benchmark", tmp_path)
    assert code == 130
    assert err.startswith("safecrs: Interrupted")
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ctrl_c_while_training_goes_on_afterwards(folder, tmp_path):
    command = ("train", "sft", folder, "--out", "run")
    settings = ("sft.max_steps=60", "sft.save_steps=5", "sft.logging_steps=1", "sft.bf16=false")
    small = (
        *("model.size.hidden=48", "model.size.layers=1", "model.size.heads=2", "model.size.inner=16"),
        "model.size.tastes=4",
    )
    for setting in (*settings, *small, "sft.per_device_train_batch_size=4"):
        command += ("--set", setting)
    code, err = interrupted(command, "SFT: 12/60", tmp_path)
    assert (code, err.count("\n")) == (130, 1), err
    assert not (tmp_path / "run" / "model").exists()
    done = run(*command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "no library talks over our progress"
    assert "SFT: 1/60" not in done.stdout, "it went on from a checkpoint"
    assert "SFT: 60/60" in done.stdout
    assert (tmp_path / "run" / "model" / "config.json").is_file()
    other = run(*command, "--seed", "1", cwd=tmp_path)
    assert other.returncode == 2
    assert other.stderr.count("\n") == 1
    assert "another" in other.stderr


def test_a_benchmark_of_0_1_0_is_read_with_one_line_of_warning(folder, tmp_path):
    old = Path(shutil.copytree(folder, tmp_path / "old"))
    (old / "SHA256SUMS").unlink()
    (old / "histories.jsonl").rename(old / "tastes.jsonl")
    card = json.loads((old / "card.json").read_text())
    del card["histories_fingerprint"]
    (old / "card.json").write_text(json.dumps(card))
    done = run("data", "export", old, "--out", tmp_path / "all.jsonl")
    assert done.returncode == 0
    assert done.stderr.startswith(f"safecrs: {old} was written by safecrs 0.1.0, without checksums")
    assert done.stderr.count("\n") == 1


DROPS = """
import os, signal, sys
import safecrs.cli.check as check
from safecrs.cli import main
class Dropping:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
def in_destructor(*_):
    Dropping()
    import time
    time.sleep(50)
    print("went on")
def by_library(*_):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass
    except BaseException:
        raise check.typer.Exit(0)
check.open_oracle = {"destructor": in_destructor}.get(sys.argv[1], by_library)
main(["check", "Saw (2004)"])
"""


@pytest.mark.parametrize("where", ["destructor", "library"])
def test_no_ctrl_c_is_lost(where):
    done = run("-c", DROPS, where, program=(sys.executable,))
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("safecrs: Interrupted")
    assert done.stderr.count("\n") == 1


def test_equal_inputs_give_equal_oracles(tmp_path):
    (tmp_path / "items.csv").write_text("title,year,genres\nOne,2001,drama\nTwo,2002,comedy\n")
    (tmp_path / "said.csv").write_text(
        "title,year,topics\nOne,2001,a dog dies|blood/gore\nTwo,2002,spiders\n"
    )
    for seed in ("1", "2"):
        files = ("--items", "items.csv", "--csv", "said.csv", "--out", f"{seed}.safetensors")
        env = {**os.environ, "PYTHONHASHSEED": seed}
        done = run("oracle", "compile", *files, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1.safetensors").read_bytes() == (tmp_path / "2.safetensors").read_bytes()


def test_a_disk_that_fills_up_while_an_oracle_is_written(tmp_path):
    (tmp_path / "o.safetensors").write_bytes(b"old")
    done = shell("ulimit -f 20; SAFECRS oracle compile --starter --out o.safetensors >log", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == "safecrs: Cannot write o.safetensors: File too large; choose another path.\n"
    assert (tmp_path / "o.safetensors").read_bytes() == b"old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "o.safetensors"]


def test_an_output_by_a_link_is_written_where_it_leads(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "o.safetensors").symlink_to("disk/o")
    done = run("oracle", "compile", "--out", "o.safetensors", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "o.safetensors").is_symlink()
    assert run("check", "Saw (2004)", "-t", "gore", "--oracle", "disk/o", cwd=tmp_path).returncode == 1


def test_two_builds_of_one_benchmark(tmp_path):
    from safecrs.storage import locked

    with locked(tmp_path / "b"):
        done = run("data", "game", "--out", "b", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"safecrs: b is being written by process {os.getpid()} on ")
    assert not list(tmp_path.iterdir())
