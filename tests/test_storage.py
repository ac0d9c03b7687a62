"""Files appear whole or not at all, and damage is told from the first byte."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import subprocess
import sys
from contextlib import suppress
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
    locked,
    map_tensors,
    parse_json,
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


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (OSError(errno.EDQUOT, "Disk quota exceeded"), "free some space"),
        (PermissionError(errno.EACCES, "Permission denied"), "denied; choose another path"),
        (RuntimeError("cannot serialize: No space left on device (os error 28)"), "free some space"),
    ],
)
def test_the_remedy_fits_the_reason(tmp_path: Path, error: Exception, remedy: str) -> None:
    with pytest.raises(SafecrsError, match=remedy) as caught:
        fail_while_writing(tmp_path / "a.txt", error)
    assert ("space" in remedy) == ("free some space" in str(caught.value))


@pytest.mark.parametrize("error", [RuntimeError("not found (os error 2)"), SafecrsError("x (os error 28)")])
def test_other_errors_pass_as_they_are(tmp_path: Path, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        fail_while_writing(tmp_path / "a.txt", error)
    assert caught.value is error


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from safetensors.numpy import save_file
from safecrs.errors import SafecrsError
from safecrs.storage import atomic_folder, write_tensors
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
large, target = {"x": np.ones(100_000, np.uint8)}, Path(sys.argv[1])
def by_library():
    with atomic_folder(target) as folder:
        save_file(large, folder / "x")
for write in (lambda: write_tensors(target, large, {}), by_library):
    try:
        write()
    except SafecrsError as error:
        print(error)
"""


def test_a_library_that_cannot_write_is_told_as_we_tell_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, tmp_path / "a"], capture_output=True, text=True, check=True
    )
    assert (
        done.stdout.splitlines()
        == [f"Cannot write {tmp_path / 'a'}: File too large; choose another path."] * 2
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("there", [True, False])
def test_symbolic_links_are_followed(tmp_path: Path, there: bool) -> None:
    (tmp_path / "disk").mkdir()
    if there:
        (tmp_path / "disk" / "f").write_text("old")
        (tmp_path / "disk" / "d").mkdir()
    for name in "fd":
        (tmp_path / name).symlink_to(Path("disk") / name)
    write_text(tmp_path / "f", "new")
    with atomic_folder(tmp_path / "d") as fresh:
        write_text(fresh / "x", "new")
    assert all((tmp_path / name).is_symlink() for name in "fd")
    assert (tmp_path / "disk" / "f").read_text() == (tmp_path / "disk" / "d" / "x").read_text() == "new"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["d", "d", "disk", "f", "f", "x"]


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


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_json_is_read_as_it_was_written(value: object) -> None:
    try:
        expected = json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        with pytest.raises(SafecrsError, match="here"):
            parse_json(json.dumps(value), "here")
    else:
        assert json.dumps(parse_json(json.dumps(value), "here"), ensure_ascii=False).encode() == expected


@given(st.text() | st.text('[]{}",:eE+-.019truefalsnNIity\\ud8c '))
def test_no_text_brings_another_error_than_ours(text: str) -> None:
    for finite in (True, False):
        with suppress(SafecrsError):
            parse_json(text, "here", finite=finite)


@pytest.mark.parametrize("text", ["9" * 5000, "1e999", "-Infinity", "[NaN]", '"\\ud83d"', "[" * 10**5])
def test_json_that_nothing_could_use_is_refused(text: str) -> None:
    with pytest.raises(SafecrsError, match="row 3") as caught:
        parse_json(text, "a.jsonl row 3")
    assert len(str(caught.value)) < 200


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


def test_equal_tensors_give_equal_bytes_that_the_library_reads(tmp_path: Path) -> None:
    from safetensors.numpy import load_file

    tensors = {"b": np.arange(3, dtype=np.uint8), "a": np.arange(2.0, dtype=np.float32)}
    metadata = {key: key for key in "xyzuvw"}
    write_tensors(tmp_path / "a", tensors, metadata)
    write_tensors(tmp_path / "b", dict(reversed(tensors.items())), dict(reversed(metadata.items())))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    read = load_file(tmp_path / "a")
    assert {name: array.tolist() for name, array in read.items()} == {"a": [0, 1], "b": [0, 1, 2]}


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
        {"x": {"dtype": "I32", "shape": [1e999], "data_offsets": [0, 4]}},
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


HOLDS = """
import sys
from pathlib import Path
from safecrs.storage import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_two_processes_do_not_make_the_same(tmp_path: Path) -> None:
    target, link = tmp_path / "disk" / "a", tmp_path / "link"
    link.symlink_to(target)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, target], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdin
    assert holder.stdout.readline() == "held\n"
    said = f"is being written by process {holder.pid} on {platform.node()}; wait for it."
    for path in (target, link):
        with pytest.raises(SafecrsError, match=re.escape(f"{path} {said}")), locked(path):
            pytest.fail("held by two")
    with locked(tmp_path / "other"):
        pass
    holder.kill()
    holder.communicate()
    lock = target.with_name(".a.lock")
    assert lock.exists()
    with locked(link):
        assert lock.read_text() == f"{os.getpid()} {platform.node()}\n"
        with pytest.raises(SafecrsError, match=f"process {os.getpid()}"), locked(target):
            pytest.fail("held twice")
    assert not list((tmp_path / "disk").iterdir())


@pytest.mark.parametrize(
    "left",
    ["", f"999999999 {platform.node()}\n", f"{os.getpid()} {platform.node()}", "\0\xff"],
    ids=["empty", "a process that is gone", "this process, unfinished", "no text"],
)
def test_what_a_process_left_is_no_lock(tmp_path: Path, left: str) -> None:
    (tmp_path / ".a.lock").write_text(left)
    with locked(tmp_path / "a"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_lock_of_another_machine_holds(tmp_path: Path) -> None:
    (tmp_path / ".a.lock").write_text("7 elsewhere\n")
    with (
        pytest.raises(SafecrsError, match="process 7 on elsewhere; if it has ended, delete"),
        locked(tmp_path / "a"),
    ):
        pytest.fail("taken")
    assert (tmp_path / ".a.lock").read_text() == "7 elsewhere\n"


def test_locks_work_where_the_file_system_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    (tmp_path / ".a.lock").write_text(f"999999999 {platform.node()}\n")
    with locked(tmp_path / "a"), pytest.raises(SafecrsError, match="wait for it"), locked(tmp_path / "a"):
        pytest.fail("held twice")
    assert not list(tmp_path.iterdir())
