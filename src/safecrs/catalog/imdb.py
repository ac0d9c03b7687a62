"""IMDb's ``title.basics.tsv.gz``: every film there is, with its id, year and genres."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import IO

from safecrs.catalog.twins import Item
from safecrs.errors import SafecrsError

FILM_KINDS = ("movie", "tvMovie")
_COLUMNS = (
    "tconst",
    "titleType",
    "primaryTitle",
    "originalTitle",
    "isAdult",
    "startYear",
    "endYear",
    "runtimeMinutes",
    "genres",
)
_MISSING = b"\\N"


def read_title_basics(
    path: Path, kinds: Collection[str] = FILM_KINDS, *, adult: bool = False
) -> Iterator[Item]:
    r"""Films of IMDb's title table, streamed; gzipped or not.

    The file has no quoting and writes \N where it knows nothing. A differing original title becomes an
    alternative title. Rows of another kind, which are most, cost next to nothing.

    Args:
        kinds: the ``titleType`` values to keep.
        adult: whether to keep titles marked as adult films.

    Raises:
        SafecrsError: the file is missing or unreadable, its header differs or a kept row is malformed; names
            the row.
    """
    wanted = frozenset(kind.encode() for kind in kinds)
    try:
        with _open(path) as file:
            header = file.readline().decode("utf-8", "replace").rstrip("\r\n").split("\t")
            if tuple(header) != _COLUMNS:
                raise SafecrsError(
                    f"{path} is not IMDb's title.basics: its columns must be {', '.join(_COLUMNS)}."
                )
            for number, line in enumerate(file, start=2):
                start = line.find(b"\t") + 1
                if line[start : line.find(b"\t", start)] in wanted:
                    fields = line.rstrip(b"\r\n").split(b"\t")
                    if len(fields) != len(_COLUMNS):
                        raise SafecrsError(
                            f"{path} row {number}: {len(fields)} fields instead of {len(_COLUMNS)}."
                        )
                    if adult or fields[4] != b"1":
                        yield _item(fields, path, number)
                elif start == 0 and line.strip():
                    raise SafecrsError(f"{path} row {number}: 1 field instead of {len(_COLUMNS)}.")
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SafecrsError(f"{path} cannot be read ({error}).") from error


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb")  # type: ignore[return-value]


def _item(fields: list[bytes], path: Path, number: int) -> Item:
    tconst, _, primary, original, _, year, _, _, genres = fields
    try:
        title = primary.decode()
        other = () if original in (primary, _MISSING) else (original.decode(),)
    except UnicodeDecodeError as error:
        raise SafecrsError(f"{path} row {number} is not UTF-8 text.") from error
    if primary == _MISSING or not title.strip():
        raise SafecrsError(f"{path} row {number}: there is no primaryTitle.")
    if not (tconst.startswith(b"tt") and tconst[2:].isdigit()):
        raise SafecrsError(f"{path} row {number}: tconst is {tconst.decode(errors='replace')!r}.")
    if year != _MISSING and not (year.isdigit() and len(year) == 4):
        raise SafecrsError(f"{path} row {number}: startYear is {year.decode(errors='replace')!r}.")
    return Item(
        title,
        None if year == _MISSING else int(year),
        tconst.decode(),
        () if genres == _MISSING else tuple(genres.decode(errors="replace").lower().split(",")),
        alternative_titles=other,
    )
