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
