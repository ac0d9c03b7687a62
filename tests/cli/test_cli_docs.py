"""The commands that help texts and docs show exist, with those options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import typer

from safecrs.cli.main import app

DOCS = sorted((Path(__file__).resolve().parents[2] / "docs").glob("*.md"))
ROOT = typer.main.get_command(app)


def walk(command, name=()):
    yield name, command
    for key, inner in getattr(command, "commands", {}).items():
        yield from walk(inner, (*name, key))


COMMANDS = dict(walk(ROOT))
LEAVES = {name: command for name, command in COMMANDS.items() if not hasattr(command, "commands")}


def check(line):
    parts = shlex.split(line, comments=True)[1:]
    name = ()
    while parts and (*name, parts[0]) in COMMANDS:
        name = (*name, parts.pop(0))
    assert name in LEAVES, line
    options = {opt for parameter in LEAVES[name].params for opt in parameter.opts + parameter.secondary_opts}
    for part in parts:
        if part.startswith("-") and part != "-":
            assert part.partition("=")[0] in options, f"{line}: {part}"


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_commands_in_the_docs(path):
    text = path.read_text(encoding="utf-8")
    lines = re.findall(r"^    (safecrs .*)$", text, re.MULTILINE)
    lines += [" ".join(found.split()) for found in re.findall(r"`(safecrs [^`]*)`", text)]
    for line in lines:
        check(line.partition("…")[0])


@pytest.mark.parametrize("name", sorted(LEAVES), ids=" ".join)
def test_examples_in_help_texts(name):
    text = LEAVES[name].help
    examples = re.findall(r"^\s{4}((?:cat .* \| )?safecrs .*(?:\n\s{4}--.*)*)$", text, re.MULTILINE)
    if "Example" in text:
        assert examples
    for example in examples:
        check("safecrs" + " ".join(example.split()).partition("safecrs")[2])


def test_the_docs_show_commands():
    assert sum(path.read_text(encoding="utf-8").count("    safecrs ") for path in DOCS) > 20


def test_building_commands_show_an_example():
    for name, command in LEAVES.items():
        if name[0] in ("data", "oracle") or name == ("evaluate",):
            assert "Example" in command.help, name


README = DOCS[0].parents[1] / "README.md"
SHOWN = re.findall(r"^    \$ safecrs (.*)\n((?:    .*\n)+)", README.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command[:20] for command, _ in SHOWN])
def test_the_readme_shows_what_is_printed(cli, command, output):
    assert cli(*shlex.split(command)).out.split() == output.split()


def test_the_readme_counts_the_sensitivities():
    from safecrs.taxonomy import load_taxonomy

    films, games = (len(load_taxonomy(domain).traits) for domain in ("film", "game"))
    assert f"({films} of films, {games} of games)" in README.read_text(encoding="utf-8")


def test_explaining_ends_as_its_help_says(cli):
    assert "so 1 for nearly every item" in LEAVES["oracle", "explain"].help
    assert cli("oracle", "explain", "Finding Nemo (2003)").code == 1
    assert cli("oracle", "explain", "No Such Film (1901)").code == 3


def test_items_that_nobody_judged_are_left_out_only_for_somebody(tmp_path, cli):
    items, said = tmp_path / "items.csv", tmp_path / "said.csv"
    items.write_text("title,year,genres\nFar Lights,2001,space\nNear Lights,2002,space\n")
    said.write_text("title,year,topics\nNear Lights,2002,a dog dies\n")
    assert cli("oracle", "compile", "--items", items, "--csv", said, "--out", tmp_path / "o").code == 0
    for more, shown in ((), 2), (("-t", "gore"), 0):
        done = cli("recommend", "lights", "--oracle", tmp_path / "o", *more)
        assert done.out.count("Lights (") == shown, done.out
