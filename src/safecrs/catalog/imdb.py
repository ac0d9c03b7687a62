"""IMDb's ``title.basics.tsv.gz``: every film there is, with its id, year and genres."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path

from safecrs.catalog.item import Item
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
_MISSING = "\\N"


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
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            header = file.readline().decode("utf-8", "replace").rstrip("\r\n").split("\t")
            if tuple(header) != _COLUMNS:
                raise SafecrsError(
                    f"{path} is not IMDb's title.basics: its columns must be {', '.join(_COLUMNS)}."
                )
            for number, line in enumerate(file, start=2):
                start = line.find(b"\t") + 1
                if line[start : line.find(b"\t", start)] in wanted or (not start and line.strip()):
                    fields = line.decode().rstrip("\r\n").split("\t")
                    if len(fields) != len(_COLUMNS):
                        count = f"{len(fields)} field{'s' * (len(fields) > 1)}"
                        raise SafecrsError(f"{path} row {number}: {count} instead of {len(_COLUMNS)}.")
                    if adult or fields[4] != "1":
                        yield _item(fields, f"{path} row {number}")
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except UnicodeDecodeError as error:
        raise SafecrsError(f"{path} row {number} is not UTF-8 text.") from error
    except (OSError, EOFError, zlib.error) as error:
        raise SafecrsError(f"{path} cannot be read ({error}).") from error


def _item(fields: list[str], where: str) -> Item:
    tconst, _, title, original, _, year, _, _, genres = fields
    for wrong, problem in (
        (title == _MISSING or not title.strip(), "there is no primaryTitle"),
        (not re.fullmatch(r"tt\d+", tconst, re.ASCII), f"tconst is {tconst!r}"),
        (year != _MISSING and not re.fullmatch(r"\d{4}", year, re.ASCII), f"startYear is {year!r}"),
    ):
        if wrong:
            raise SafecrsError(f"{where}: {problem}.")
    return Item(
        title,
        None if year == _MISSING else int(year),
        tconst,
        () if genres == _MISSING else tuple(genres.lower().split(",")),
        alternative_titles=() if original in (title, _MISSING) else (original,),
    )
