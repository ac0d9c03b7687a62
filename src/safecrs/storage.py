"""Read and write files: atomically, in one format for arrays, with one error for what goes wrong.

A crash, a full disk or Ctrl-C leaves the old file or the new one, never half of one.
"""

from __future__ import annotations

import errno
import fcntl
import glob
import hashlib
import json
import math
import os
import platform
import re
import shutil
import tempfile
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from safecrs.errors import SafecrsError

Tensors = dict[str, NDArray[Any]]

_DTYPES: dict[str, np.dtype[Any]] = {
    "BOOL": np.dtype(np.bool_),
    "U8": np.dtype(np.uint8),
    "I8": np.dtype(np.int8),
    "I16": np.dtype(np.int16),
    "U16": np.dtype(np.uint16),
    "I32": np.dtype(np.int32),
    "U32": np.dtype(np.uint32),
    "I64": np.dtype(np.int64),
    "U64": np.dtype(np.uint64),
    "F32": np.dtype(np.float32),
}
SUMS = "SHA256SUMS"
"""The name of the file with the checksums of the others in its folder."""
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]
_FULL = (errno.ENOSPC, errno.EDQUOT)
_OF_WRITING = (*_FULL, errno.EACCES, errno.EFBIG, errno.EIO, errno.EPERM, errno.EROFS)
_OS_ERROR = re.compile(r"\(os error (\d{1,4})\)")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def atomic_path(target: Path) -> AbstractContextManager[Path]:
    """Yield a temporary file beside ``target``; on success it is flushed to disk and renamed over it.

    On any error, Ctrl-C included, it is removed and ``target`` is left as it was. A symbolic link is
    followed, not replaced.
    """
    return _atomic(target, Path.touch)


def atomic_folder(target: Path) -> AbstractContextManager[Path]:
    """The same with a new empty folder, which takes the place of the folder ``target``."""
    return _atomic(target, Path.mkdir)


@contextmanager
def _atomic(target: Path, make: Callable[[Path], None]) -> Iterator[Path]:
    # Everything that a library leaves while it writes lies in this folder and goes with it.
    temporary: Path | None = None
    try:
        real = sweep(target)
        real.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(
            tempfile.mkdtemp(prefix=f"{_prefix(real)}{os.getpid()}-", suffix=".tmp", dir=real.parent)
        )
        fresh = temporary / "new"
        make(fresh)
        yield fresh
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                _flush(path)
        if fresh.is_dir() and real.exists():
            real.replace(temporary / "old")
        fresh.replace(real)
        _flush(real.parent)
    except Exception as error:
        cause = os_error(error)
        if cause is None:
            raise
        raise cannot_write(target, cause) from error
    finally:
        if temporary is not None:
            _discard(temporary, real)


def _discard(temporary: Path, real: Path) -> None:
    """Remove a temporary folder; what was set aside in it comes back if nothing took its place."""
    if (temporary / "old").exists() and not real.exists():
        (temporary / "old").replace(real)
    shutil.rmtree(temporary, ignore_errors=True)


def os_error(error: Exception) -> OSError | None:
    """The operating system's error behind ``error``; None if there is none.

    Libraries written in Rust (safetensors, tokenizers) wrap it in a type of their own and name its number.
    """
    if isinstance(error, OSError):
        return error
    wrapped = None if isinstance(error, SafecrsError) else _OS_ERROR.search(str(error))
    number = int(wrapped[1]) if wrapped else 0
    return OSError(number, os.strerror(number)) if number in _OF_WRITING else None


def cannot_write(target: Path, error: OSError) -> SafecrsError:
    """The error to raise where ``target`` cannot be written."""
    remedy = "free some space or choose" if error.errno in _FULL else "choose"
    return SafecrsError(f"Cannot write {target}: {error.strerror or error}; {remedy} another path.")


def _flush(path: Path) -> None:
    """Make sure that ``path`` survives a power loss, as far as its file system can."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():  # which some file systems refuse
            raise
    finally:
        os.close(handle)


def _prefix(target: Path) -> str:
    """The beginning of temporary names for ``target``; the writer's process id follows."""
    return f".{target.name}.{_HOST}-"


def sweep(target: Path) -> Path:
    """Remove what killed processes of this machine left beside ``target``; returns its path without links.

    If one was killed between setting the old folder aside and putting the new one in its place, the old one
    comes back.
    """
    real = target.resolve() if target.is_symlink() else target
    for left in real.parent.glob(f"{glob.escape(_prefix(real))}*.tmp"):
        process = left.name.removeprefix(_prefix(real)).partition("-")[0]
        if not process.isdigit() or _alive(int(process)):
            continue
        if left.is_dir():
            _discard(left, real)
        else:  # of version 0.1.0
            left.unlink(missing_ok=True)
    return real


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # asks only
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


@contextmanager
def locked(target: Path) -> Iterator[None]:
    """Let no other process make ``target`` meanwhile; it gets an error that names this one and its machine.

    The file ``.NAME.lock`` beside ``target`` says both. What a process left that has ended is no lock, unless
    it ran on another machine, where nobody can look.
    """
    real = Path(os.path.realpath(target))
    path, host = real.with_name(f".{real.name}.lock"), platform.node() or "?"
    try:
        real.parent.mkdir(parents=True, exist_ok=True)
        handle, free = _open_lock(path)
    except OSError as error:
        raise cannot_write(target, error) from error
    try:
        process, _, place = os.pread(handle, 300, 0).decode(errors="replace").strip().partition(" ")
        ended = place == host and (free or not process.isdecimal() or not _alive(int(process)))
        if not ended and (place or free is False):
            owner = f"process {process} on {place}" if place else "another process"
            remedy = f"if it has ended, delete {path}" if place not in ("", host) else "wait for it"
            raise SafecrsError(f"{target} is being written by {owner}; {remedy}.")
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} {host}\n".encode(), 0)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _open_lock(path: Path) -> tuple[int, bool | None]:
    """The open lock file, and whether this process holds its lock now; None where there are no locks."""
    while True:
        handle, free = os.open(path, os.O_RDWR | os.O_CREAT, 0o666), True
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        except OSError:
            return handle, None
        with suppress(FileNotFoundError):  # its owner has just removed it
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle, free
        os.close(handle)


def check_writable(target: Path) -> None:
    """Raise, before the work that makes it, if ``target`` cannot be written."""
    try:
        folder = sweep(target).parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(target, error) from error


def write_text(target: Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(target: Path, value: object) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_text(target, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, *, finite: bool = True) -> Any:
    """Read a JSON file (`parse_json`)."""
    return parse_json(read_text(path), str(path), finite=finite)


def read_text(path: Path) -> str:
    """Read a UTF-8 file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SafecrsError(f"{path} is not a readable text file ({error}).") from error


def parse_json(text: str, where: str, *, finite: bool = True) -> Any:
    """A JSON value; ``where`` names file and row in the error.

    Refused besides what is not JSON: numbers of thousands of digits, lone surrogates, nesting deeper than the
    interpreter's stack and, if ``finite``, numbers that overflow to infinity and ``NaN``.
    """
    number = _finite if finite else float
    try:
        value = json.loads(text, parse_float=number, parse_constant=number)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise SafecrsError(f"{where} is not readable JSON ({str(error).partition(';')[0]}).") from error
    return value


def _finite(digits: str) -> float:
    number = float(digits)
    if not np.isfinite(number):
        raise ValueError("a number is not finite")
    return number


def write_tensors(target: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write numpy arrays and string metadata as one safetensors file, atomically; equal input, equal bytes.

    The order of the ``safetensors`` package's own writer is random for metadata.
    """
    names = {dtype: name for name, dtype in _DTYPES.items()}
    arrays = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))  # keeps arrays aligned
    header: dict[str, object] = {"__metadata__": dict(sorted(metadata.items()))} if metadata else {}
    end = 0
    for name in order:
        array, start = arrays[name], end
        end += array.nbytes
        header[name] = {"dtype": names[array.dtype], "shape": array.shape, "data_offsets": (start, end)}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in order:
            file.write(arrays[name].reshape(-1).view(np.uint8).data)


def map_tensors(path: Path) -> tuple[Tensors, dict[str, str]]:
    """Memory-map a safetensors file: read-only arrays that cost no memory until they are touched.

    The ``safetensors`` package copies numpy arrays out of the file; mapped, they load in no time at any size.
    """
    tensors: Tensors = {}
    try:
        with safe_open(path, "numpy") as file:  # it checks that the arrays fill the file without a gap
            metadata = file.metadata() or {}
            parts = [(name, file.get_slice(name)) for name in file.offset_keys()]
            forms = [(name, _DTYPES[part.get_dtype()], part.get_shape()) for name, part in parts]
        data = np.memmap(path, dtype=np.uint8, mode="r")
        end = data.size
        for name, dtype, shape in reversed(forms):
            start = end - math.prod(shape) * dtype.itemsize
            tensors[name] = data[start:end].view(dtype).reshape(shape)
            end = start
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, ValueError, LookupError, SafetensorError) as error:
        raise SafecrsError(
            f"{path} is damaged or was not written by safecrs ({error}); build it again."
        ) from error
    return tensors, metadata


def file_checksum(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal, as ``sha256sum`` prints it."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise SafecrsError(f"Cannot read {path}: {error.strerror or error}.") from error


def write_sums(folder: Path, files: Iterable[Path]) -> None:
    """Flush ``files`` below ``folder`` to disk and write their checksums there, as ``sha256sum`` does."""
    lines = []
    for path in files:
        _flush(path)
        lines.append(f"{file_checksum(path)}  {path.relative_to(folder).as_posix()}\n")
    write_text(folder / SUMS, "".join(lines))


def first_damaged(folder: Path, files: Iterable[Path]) -> str | None:
    """The name of a file that is not as `write_sums` saw it, missing or new; None if all are."""
    lines = (line.partition("  ") for line in read_text(folder / SUMS).splitlines())
    listed = {name: checksum for checksum, _, name in lines}
    there = {path.relative_to(folder).as_posix(): path for path in files}
    for name in {**there, **listed}:
        if name not in there or listed.get(name) != file_checksum(there[name]):
            return name
    return None


def fingerprint(*parts: bytes | str) -> str:
    """Sixteen hexadecimal digits that change when any of ``parts`` does."""
    return fingerprint_of(parts)


def fingerprint_of(parts: Iterable[bytes | str]) -> str:
    """`fingerprint` of parts that need not be in memory at once."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()[:16]


def cached(name: str, key: str, make: Callable[[Path], None]) -> Path | None:
    """A file of the user's cache folder that ``make`` writes where it is missing; None where there is no such
    folder. Files of ``name`` under another ``key`` are removed.

    For what is computed from shipped data alone; nothing that a person says is ever cached.
    """
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()) / "safecrs"
    path = folder / f"{name}-{key}.safetensors"
    try:
        if not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            make(path)
            for old in folder.glob(f"{name}-*.safetensors"):
                if old != path:
                    old.unlink(missing_ok=True)
    except (OSError, RuntimeError, SafecrsError):
        return None
    return path


def read_toml(read: Callable[..., str], name: str) -> dict[str, Any]:
    """The table that ``read`` gives (`parse_toml`); ``name`` names the file in the error."""
    try:
        return parse_toml(read(encoding="utf-8"), name)
    except FileNotFoundError as error:
        raise SafecrsError(f"{name} does not exist.") from error
    except (UnicodeDecodeError, OSError) as error:
        raise SafecrsError(f"{name} is not a readable text file ({error}).") from error


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """A TOML table; refused are also numbers of thousands of digits and nesting too deep for the stack."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SafecrsError(f"{where} is not readable TOML ({str(error).partition(';')[0]}).") from error
