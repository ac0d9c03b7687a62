"""Stored benchmarks: samples, oracle and histories are what the card describes, or the error names it."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from safecrs.benchmark import load_benchmark, save_benchmark
from safecrs.benchmark.store import check_free
from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError, SafecrsWarning
from safecrs.oracle import Oracle
from safecrs.taxonomy import Taxonomy
from tiny_world import make_world


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stored") / "b"
    save_benchmark(make_world(people=8).benchmark, folder)
    return folder


@pytest.fixture
def folder(stored, tmp_path):
    return Path(shutil.copytree(stored, tmp_path / "b"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fingerprint": "0" * 16}, "its samples differ"),
        ({"threshold": 7}, "risk threshold"),
        ({"seed": "three"}, "is not a data card: seed"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*0.1.0")
def test_a_card_that_describes_another_benchmark_is_refused(folder, changes, words):
    as_of_0_1_0(folder)
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | changes))
    with pytest.raises(SafecrsError, match=words):
        load_benchmark(folder)


def as_of_0_1_0(folder):
    """What that version wrote: another name for the histories, nothing to check files by."""
    card = json.loads((folder / "card.json").read_text())
    del card["histories_fingerprint"]
    (folder / "card.json").write_text(json.dumps(card))
    (folder / "histories.jsonl").rename(folder / "tastes.jsonl")
    (folder / "SHA256SUMS").unlink()


def test_damage_anywhere_is_found_before_a_library_reads_it(stored, folder):
    """Arrow ends the process on some of these: then this test does not return."""
    whole = load_benchmark(stored)
    rng = random.Random(5)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".md"]
    for path in files:
        content = path.read_bytes()
        for _ in range(8):
            changed = bytearray(content)
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            with suppress(SafecrsError):
                loaded = load_benchmark(folder)
                assert path.name == "oracle.safetensors"  # white space in its header
                assert loaded.oracle.fingerprint == whole.oracle.fingerprint
        path.write_bytes(content[: len(content) // 2])
        with pytest.raises(SafecrsError):
            load_benchmark(folder)
        path.unlink()
        with pytest.raises(SafecrsError, match=f"{path.name}|holds no benchmark"):
            load_benchmark(folder)
        path.write_bytes(content)
    assert load_benchmark(folder).samples == whole.samples


def test_a_list_of_sums_that_was_cut_is_damage(folder):
    path = folder / "SHA256SUMS"
    lines = path.read_text().splitlines(keepends=True)
    for damaged in (
        "",
        "".join(lines[:-1]),
        "".join(lines[1:]),
        "".join([*lines, "\0  \0\n"]),
        "\n".join(lines),
    ):
        path.write_text(damaged)
        with pytest.raises(SafecrsError, match="SHA256SUMS"):
            load_benchmark(folder)


def test_what_the_library_caches_is_no_damage(folder):
    import datasets

    stored = datasets.load_from_disk(str(folder / "samples"))
    stored["test"].map(lambda row: {"id": row["id"] + "x"})
    assert list(folder.rglob("cache-*"))
    assert load_benchmark(folder).samples


def test_the_sums_are_those_of_sha256sum(folder):
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def zeros(oracle):
    return Oracle.from_risk(oracle.catalog, oracle.taxonomy, np.zeros_like(oracle.risk))


def fewer_items(oracle):
    items = [oracle.catalog.item(row) for row in range(len(oracle.catalog) - 1)]
    return Oracle.from_risk(Catalog.from_items(items), oracle.taxonomy, oracle.risk[:-1])


def other_names(oracle):
    first, *rest = oracle.taxonomy.traits
    traits = (first.model_copy(update={"name": "Something else"}), *rest)
    return Oracle.from_risk(oracle.catalog, Taxonomy(domain="film", traits=traits), oracle.risk)


@pytest.mark.parametrize(
    ("change", "part"), [(zeros, "verdicts"), (fewer_items, "items"), (other_names, "traits")]
)
@pytest.mark.parametrize("old", [False, True])
@pytest.mark.filterwarnings("ignore:.*0.1.0")
def test_the_oracle_of_another_benchmark_is_refused(folder, change, part, old):
    if old:
        as_of_0_1_0(folder)
    path = folder / "oracle.safetensors"
    change(Oracle.load(path)).save(path)
    with pytest.raises(SafecrsError, match=f"its oracle's {part} differ"):
        load_benchmark(folder)


@pytest.mark.parametrize(
    "row", ["[[1, 2]]", "3", '[["a", 1e999]]', "[" * 10**5, '[["\\ud800", 3]]', "9" * 5000]
)
@pytest.mark.filterwarnings("ignore:.*0.1.0")
def test_histories_that_are_none_name_the_row(folder, row):
    as_of_0_1_0(folder)
    path = folder / "tastes.jsonl"
    rows = path.read_text().splitlines()
    path.write_text("\n".join([*rows, row, ""]))
    with pytest.raises(SafecrsError, match=rf"tastes\.jsonl row {len(rows) + 1}\b"):
        load_benchmark(folder)


def test_other_histories_are_refused_even_with_their_checksum(folder):
    path = folder / "histories.jsonl"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    sums = (folder / "SHA256SUMS").read_text().splitlines()
    done = subprocess.run(
        ["sha256sum", "histories.jsonl"], cwd=folder, capture_output=True, text=True, check=True
    )
    sums = [done.stdout.strip() if line.endswith("histories.jsonl") else line for line in sums]
    (folder / "SHA256SUMS").write_text("\n".join(sums) + "\n")
    with pytest.raises(SafecrsError, match="its histories differ"):
        load_benchmark(folder)


def test_folders_of_0_1_0_are_read_and_what_is_not_checked_is_said(stored, folder):
    as_of_0_1_0(folder)
    with pytest.warns(SafecrsWarning, match="histories and Arrow files"):
        old = load_benchmark(folder)
    new = load_benchmark(stored)
    assert (old.samples, old.histories) == (new.samples, new.histories)


def test_equal_benchmarks_are_equal_files(stored, tmp_path):
    save_benchmark(make_world(people=8).benchmark, tmp_path / "b")
    for path in stored.rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "b" / path.relative_to(stored)).read_bytes(), path


def test_a_benchmark_that_a_kill_hid_is_found_again(folder):
    """Killed between the two renames of an overwriting build: neither readers nor builds miss the old one."""
    from safecrs.storage import _prefix

    aside = folder.parent / f"{_prefix(folder)}{2**22 + 1}-x.tmp"
    for look in (load_benchmark, check_free):
        aside.mkdir()
        folder.rename(aside / "old")
        if look is check_free:
            with pytest.raises(SafecrsError, match="already holds a benchmark"):
                check_free(folder, overwrite=False)
        else:
            load_benchmark(folder)
        assert (folder / "card.json").is_file()
        assert not aside.exists()
