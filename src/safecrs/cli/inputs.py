"""What options that name files mean: which reader a file needs."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from safecrs.advisories import Advisory, Skipped
from safecrs.advisories.tables import open_text
from safecrs.catalog import Item, read_title_basics
from safecrs.catalog.items_csv import read_items
from safecrs.errors import SafecrsError
from safecrs.progress import Report

_HEAD = 65_536
_FIRST_ENTRY = re.compile(r'\s*\{\s*"(?:[^"\\]|\\.)*"\s*:\s*(["{])')


def read_item_file(path: Path, skipped: Skipped | None = None) -> Iterable[Item]:
    """Items of a catalog file, whose kind its name and first line tell.

    A table whose first column is ``tconst`` is IMDb's ``title.basics``, any other table one of one's own
    (`read_items`). A JSON object holds names by ReDial's ids (`read_redial_items`) or IMDb ids by
    "Title (Year)" (`read_reddit_items`). ``skipped`` takes the rows of one's own table that are passed over.

    Raises:
        SafecrsError: the file is missing, unreadable or none of these.
    """
    from safecrs.benchmark import read_reddit_items, read_redial_items

    with open_text(path) as file:
        head = file.read(_HEAD)
    if ".json" in [suffix.lower() for suffix in path.suffixes]:
        entry = _FIRST_ENTRY.match(head)
        if entry is None:
            raise SafecrsError(
                f'{path} holds no items: it needs a JSON object of {{"id": {{"name": "Title (Year)"}}}}, as '
                'ReDial\'s movie table, or of {"Title (Year)": "tt…"}, as Reddit-Movie\'s titles.'
            )
        return read_redial_items(path).values() if entry[1] == "{" else read_reddit_items(path)
    if re.match(r"tconst\b", head):
        return read_title_basics(path)
    return read_items(path, skipped)


def read_all(
    files: Sequence[tuple[Path, Callable[[Path, Skipped], Iterable[Advisory]]]],
    report: Report,
    skipped: Skipped,
) -> Iterator[Advisory]:
    """The advisories of every file, each with its reader, told as they are read."""
    for number, (path, reader) in enumerate(files):
        report("Read the advisories", number, len(files), path.name)
        yield from reader(path, skipped)
    if files:
        report("Read the advisories", len(files), len(files), "")


def tell_skipped(skipped: Skipped) -> None:
    """Say on stderr what was passed over, and where."""
    if lines := skipped.lines():
        sys.stderr.write("\n  ".join(["Not used, or not all of it:", *lines]) + "\n")
