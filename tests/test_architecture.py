"""Who may import whom (docs/design.md): the order of the packages, no circles, nothing heavy too early."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "safecrs"
ORDER = (
    "errors",
    "progress",
    "storage",
    "conversation",
    "endpoint",
    "taxonomy",
    "advisories",
    "catalog",
    "starter",
    "oracle",
    "preferences",
    "slates",
    "detection",
    "benchmark",
    "scoring",
    "recommenders",
    "training",
    "evaluation",
    "studies",
    "cli",
    "__main__",
)
"""A package imports only from those before it, at the top of a module, in a function or for types alike."""
APART = {
    "detection": {"advisories", "catalog", "starter", "oracle"},
    "scoring": {"advisories", "starter", "detection"},
    "training": {"advisories", "starter", "detection"},
    "evaluation": {"advisories", "starter"},
}
"""Package → packages that the order allows and the design forbids (docs/design.md says why)."""


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in sorted(ROOT.rglob("*.py"))}


def imports(path: Path) -> Iterator[str]:
    """Modules of ours that a file imports, at the top, in a function or for types."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module and node.module.split(".")[0] == "safecrs":
                for alias in node.names:
                    inner = f"{node.module}.{alias.name}"
                    yield inner if inner in MODULES else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "safecrs")


def package(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_every_package_has_a_place():
    assert {package(module) for module in MODULES} - {""} == set(ORDER)


def test_imports_go_one_way():
    for module, path in MODULES.items():
        here = package(module)
        if not here:
            continue
        for other in map(package, imports(path)):
            if other and other != here:
                assert ORDER.index(other) < ORDER.index(here), f"{module} imports {other}, which is above it"
                assert other not in APART.get(here, ()), f"{module} must not know {other}"


def test_modules_do_not_import_each_other_in_a_circle():
    graph = {module: set(imports(path)) - {module} for module, path in MODULES.items()}
    done: set[str] = set()

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert module not in way, " → ".join((*way[way.index(module) :], module))
        if module not in done:
            for other in graph.get(module, ()):
                visit(other, (*way, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize(
    "module", ["safecrs.oracle", "safecrs.detection", "safecrs.cli", "safecrs.benchmark"]
)
def test_what_must_start_fast_loads_nothing_heavy(module):
    heavy = ("torch", "transformers", "trl", "datasets", "matplotlib", "openai")
    code = f"import sys, {module}; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "[]", done.stderr


def test_what_the_design_points_to_is_there():
    text = (ROOT.parents[1] / "docs" / "design.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|toml))`", text)) - {"tests/test_architecture.py"}
    assert len(named) > 30
    mine = {name for name in named if "my_" in name}
    packaged = {path.name for path in ROOT.rglob("*") if path.is_file()}
    for name in named - mine:
        there = (ROOT / name).is_file() if "/" in name else name in packaged
        assert there, f"docs/design.md names {name}"
    for name in mine:
        assert (ROOT / name).parent.is_dir(), f"docs/design.md names {name}"
    assert set(ORDER) - {"__main__"} <= set(re.findall(r"`(\w+)`", text)), "every package is described"
