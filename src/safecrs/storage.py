"""Write files so that a crash, a full disk or Ctrl-C leaves the old file or the new one, never a half."""

from __future__ import annotations

import glob
import hashlib
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
_MAX_HEADER = 64 * 2**20
_HOST = hashlib.sha256(platform.node().encode()).hexdigest()[:8]


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``target``; on success it is flushed to disk and renamed over it.

    On any error, Ctrl-C included, the temporary file is removed and ``target`` is left as it was.

    Raises:
        SafecrsError: the folder cannot be written or the disk is full.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        handle, name = tempfile.mkstemp(
            prefix=f"{_prefix(target)}{os.getpid()}-", suffix=".tmp", dir=target.parent
        )
        os.close(handle)
        temporary = Path(name)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SafecrsError(
            f"Cannot write {target}: {reason}; free some space or choose another path."
        ) from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """Yield a new empty folder beside ``target``; on success it takes the place of ``target``.

    On any error, Ctrl-C included, it is removed and ``target`` is left as it was.

    Raises:
        SafecrsError: the folder cannot be written or the disk is full.
    """
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _sweep(target)
        temporary = Path(
            tempfile.mkdtemp(prefix=f"{_prefix(target)}{os.getpid()}-", suffix=".tmp", dir=target.parent)
        )
        fresh, old = temporary / "new", temporary / "old"
        fresh.mkdir()
        yield fresh
        try:
            if target.exists():
                target.replace(old)
            fresh.replace(target)
        except BaseException:
            if old.exists() and not target.exists():
                old.replace(target)
            raise
    except OSError as error:
        reason = error.strerror or str(error)
        raise SafecrsError(
            f"Cannot write {target}: {reason}; free some space or choose another folder."
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _prefix(target: Path) -> str:
    """How temporary files for ``target`` begin; then follows the process, so that others let them be."""
    return f".{target.name}.{_HOST}-"


def _sweep(target: Path) -> None:
    """Remove what a process of this machine left beside ``target`` when it was killed while writing it.

    If it was killed in the instant between setting the old folder aside and putting the new one in its place,
    the old one comes back.
    """
    for left in target.parent.glob(f"{glob.escape(_prefix(target))}*.tmp"):
        process = left.name.removeprefix(_prefix(target)).partition("-")[0]
        if not process.isdigit() or _alive(int(process)):
            continue
        if left.is_dir():
            if (left / "old").exists() and not target.exists():
                (left / "old").replace(target)
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)  # asks only
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def check_writable(target: Path) -> None:
    """Find out before the work, not after it, that ``target`` cannot be written.

    Raises:
        SafecrsError: its folder cannot be made or takes no file.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=target.parent):
            pass
    except OSError as error:
        raise SafecrsError(
            f"Cannot write {target}: {error.strerror or error}; choose another path."
        ) from error


def write_text(target: Path, text: str) -> None:
    """Write ``text`` as UTF-8, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(target: Path, value: object) -> None:
    """Write ``value`` as indented JSON, atomically."""
    write_text(target, json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        SafecrsError: the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SafecrsError(f"{path} is not readable JSON ({error}).") from error


def write_tensors(target: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str]) -> None:
    """Write numpy arrays and string metadata as one safetensors file, atomically; equal inputs, equal bytes.

    ``safetensors`` itself writes metadata in an order of chance. The widest numbers come first, so that all
    are aligned.
    """
    ordered = sorted(tensors.items(), key=lambda pair: (-pair[1].dtype.itemsize, pair[0]))
    codes = {dtype: code for code, dtype in _DTYPES.items()}
    header: dict[str, Any] = {"__metadata__": dict(sorted(metadata.items()))}
    end = 0
    for name, array in ordered:
        start, end = end, end + array.nbytes
        header[name] = {
            "dtype": codes[array.dtype], "shape": list(array.shape), "data_offsets": [start, end],
        }  # fmt: skip
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    with atomic_path(target) as temporary, temporary.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for _, array in ordered:
            file.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)


def map_tensors(path: Path) -> tuple[Tensors, dict[str, str]]:
    """Memory-map a safetensors file: read-only arrays that cost no memory until they are touched.

    ``safetensors`` itself copies numpy tensors out of the file; the format (an eight-byte length, a JSON
    header, the raw arrays) is simple enough to map directly, which makes loading independent of size.

    Raises:
        SafecrsError: the file is missing, truncated or not a safetensors file.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            prefix = file.read(8)
            length = int.from_bytes(prefix, "little")
            if len(prefix) < 8 or length > min(size, _MAX_HEADER):
                raise ValueError("no header")
            header = json.loads(file.read(length))
        metadata = {str(key): str(value) for key, value in header.pop("__metadata__", {}).items()}
        body = (
            np.memmap(path, dtype=np.uint8, mode="r", offset=8 + length)
            if size > 8 + length
            else np.empty(0, np.uint8)
        )
        tensors: Tensors = {}
        end_of_data = 0
        for name, entry in header.items():
            dtype = _DTYPES[entry["dtype"]]
            start, end = entry["data_offsets"]
            shape = tuple(entry["shape"])
            if not 0 <= start <= end <= body.size or (end - start) != dtype.itemsize * int(
                np.prod(shape, dtype=np.int64)
            ):
                raise ValueError(f"array {name!r} lies outside the file")
            tensors[name] = body[start:end].view(dtype).reshape(shape)
            end_of_data = max(end_of_data, end)
        if end_of_data != body.size:
            raise ValueError("bytes after the last array")
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SafecrsError(
            f"{path} is damaged or was not written by safecrs ({error}); build it again."
        ) from error
    return tensors, metadata


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
