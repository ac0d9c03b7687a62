"""Files appear whole or not at all, and damage is told from the first byte."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from safecrs import storage
from safecrs.errors import SafecrsError
from safecrs.storage import (
    atomic_folder,
    atomic_path,
    fingerprint,
    map_tensors,
    read_json,
    write_json,
    write_tensors,
    write_text,
)

DTYPES = (np.bool_, np.uint8, np.int8, np.int16, np.int32, np.int64, np.uint64, np.float32)


def test_text_and_json_round_trip(tmp_path: Path) -> None:
    write_text(tmp_path / "new" / "a.txt", "é\n")
    assert (tmp_path / "new" / "a.txt").read_bytes() == "é\n".encode()
    write_json(tmp_path / "a.json", {"é": [1, None]})
    assert read_json(tmp_path / "a.json") == {"é": [1, None]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "new"]


def fail_while_writing(target: Path, failure: BaseException) -> None:
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        raise failure


@pytest.mark.parametrize(
    "failure", [KeyboardInterrupt(), ValueError("no"), OSError(errno.ENOSPC, "No space left on device")]
)
def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, failure: BaseException) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    expected = SafecrsError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected) as caught:
        fail_while_writing(target, failure)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    if expected is SafecrsError:
        assert "No space left" in str(caught.value)
        assert str(target) in str(caught.value)


def test_a_folder_that_cannot_take_its_place_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a"
    with atomic_folder(target) as fresh:
        (fresh / "x").write_text("old")
    replace = Path.replace

    def refuse(self: Path, to: Path) -> Path:
        if self.name == "new":
            raise OSError(errno.EIO, "Input/output error")
        return replace(self, to)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(SafecrsError, match="Cannot write"), atomic_folder(target) as fresh:
        (fresh / "x").write_text("new")
    assert (target / "x").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SafecrsError, match="Cannot write"):
        write_text(tmp_path / "file" / "a.txt", "x")


def test_bad_json_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "deep.json").write_text("[" * 100_000)
    for name in ("a.json", "deep.json", "none.json"):
        with pytest.raises(SafecrsError, match=name):
            read_json(tmp_path / name)


@given(
    st.dictionaries(
        st.text("abc.", min_size=1, max_size=5),
        st.sampled_from(DTYPES).flatmap(lambda dtype: arrays(dtype, array_shapes(min_side=0, max_dims=3))),
        min_size=1,
        max_size=4,
    ),
    st.dictionaries(st.text("xyz", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))),
)
def test_tensors_round_trip(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, np.ndarray], metadata: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("t") / "a"
    write_tensors(path, tensors, metadata)
    mapped, told = map_tensors(path)
    assert told == metadata
    assert mapped.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(mapped[name], tensor)
        assert mapped[name].dtype == tensor.dtype


def test_mapped_tensors_are_read_only(tmp_path: Path) -> None:
    write_tensors(tmp_path / "a", {"x": np.zeros(3, np.int32)}, {})
    with pytest.raises(ValueError, match="read-only"):
        map_tensors(tmp_path / "a")[0]["x"][0] = 1


def test_any_cut_and_any_tail_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_tensors(path, {"x": np.arange(4, dtype=np.int32)}, {"k": "v"})
    whole = path.read_bytes()
    for data in (*(whole[:size] for size in range(len(whole))), whole + b"x"):
        path.write_bytes(data)
        with pytest.raises(SafecrsError, match="damaged"):
            map_tensors(path)


@pytest.mark.parametrize(
    "header",
    [
        [],
        {"x": {"dtype": "F64", "shape": [0], "data_offsets": [0, 0]}},
        {"x": {"dtype": "I32", "shape": [1], "data_offsets": [0, 8]}},
        {"x": {"dtype": "I32", "shape": [-1], "data_offsets": [4, 0]}},
        {"x": {"dtype": "I32", "shape": ["a"], "data_offsets": [0, 4]}},
        {"x": {}},
        {"x": 3},
    ],
)  # fmt: skip
def test_a_lying_header_is_damage(tmp_path: Path, header: object) -> None:
    text = json.dumps(header).encode()
    (tmp_path / "a").write_bytes(len(text).to_bytes(8, "little") + text + b"\0" * 8)
    with pytest.raises(SafecrsError, match="damaged"):
        map_tensors(tmp_path / "a")


def test_fingerprints_keep_parts_apart() -> None:
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("a") == fingerprint(b"a")
    assert len(fingerprint()) == 16


KILLED = """
import os, sys
from pathlib import Path
from safecrs import storage
target = Path(sys.argv[1])
with storage.atomic_folder(target) if sys.argv[2] == "folder" else storage.atomic_path(target) as new:
    if sys.argv[2] == "folder":
        (new / "half").write_text("half")
        if sys.argv[3] == "aside":  # killed between the two renames
            target.replace(new.parent / "old")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize(("kind", "when"), [("file", "writing"), ("folder", "writing"), ("folder", "aside")])
def test_what_a_killed_process_left_is_swept_up(tmp_path: Path, kind: str, when: str) -> None:
    target = tmp_path / "a[1]"
    with storage.atomic_folder(target) as new:
        (new / "whole").write_text("whole")
    alive = tmp_path / f".a[1].{storage._HOST}-{os.getpid()}-x.tmp"
    elsewhere = tmp_path / ".a[1].0badc0de-1-x.tmp"
    for other in (alive, elsewhere):
        other.mkdir()
    killed = subprocess.run([sys.executable, "-c", KILLED, target, kind, when], check=False)
    assert killed.returncode == -9
    assert len(list(tmp_path.glob(".a*.tmp"))) == 3
    assert target.exists() == (when == "writing")
    with pytest.raises(RuntimeError), storage.atomic_folder(target):
        raise RuntimeError
    assert (target / "whole").read_text() == "whole"
    assert {path.name for path in tmp_path.iterdir()} == {"a[1]", alive.name, elsewhere.name}
    assert [path.name for path in target.iterdir()] == ["whole"]
