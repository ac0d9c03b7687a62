"""Run the command line inside this process, as the ``safecrs`` script would."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys, monkeypatch) -> Callable[..., Done]:
    from safecrs.cli import main

    def run(*arguments: object, stdin: str = "") -> Done:
        monkeypatch.setattr("sys.stdin", io.StringIO(stdin))
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Done(caught.value.code, out, err)

    return run


@pytest.fixture
def refused(cli) -> Callable[..., str]:
    """Run a command that must fail as users should see it: one sentence, status 2."""

    def run(*arguments: object, **options) -> str:
        done = cli(*arguments, **options)
        assert done.code == 2, done
        assert done.err.startswith("safecrs: "), done.err
        assert done.err.endswith("\n"), done.err
        assert done.err.count("\n") == 1, done.err
        assert "Traceback" not in done.out + done.err
        return done.err

    return run


@pytest.fixture(scope="session")
def folder(world, tmp_path_factory):
    """A small benchmark on disk, with its oracle."""
    from safecrs.benchmark import save_benchmark

    target = tmp_path_factory.mktemp("cli") / "tiny"
    save_benchmark(world.benchmark, target)
    return target
