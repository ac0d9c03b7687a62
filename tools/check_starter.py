"""Compare the starter's films with public tables, field by field.

    python tools/check_starter.py --data ../shared/data [--films FILE] [--list director]

A field disagrees where the starter and a table both know it of one film (title and year) and the
certificate is another, or no director, no genre, no actor is shared. A year disagrees where a film of that
title, with a director or two actors in common, is more than a year away and none lies within one. A
disagreement is a question to look at again, not an answer: tables have errors, too.
"""

from __future__ import annotations

import argparse
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from reference_tables import Reference, ReferenceTables
from safecrs.catalog import Item
from safecrs.catalog.items_csv import read_items
from safecrs.starter import read_starter

FIELDS = ("year", "certificate", "director", "genre", "cast")


def person_key(name: str) -> str:
    """A name's words in one order, without case, accents and marks: family names stand first or last."""
    folded = unicodedata.normalize("NFKD", name).casefold()
    letters = (c if c.isalnum() else " " for c in folded if not unicodedata.combining(c))
    return " ".join(sorted("".join(letters).split()))


def keys(names: Iterable[str]) -> set[str]:
    """The keys of several names."""
    return {person_key(name) for name in names}


def differences(item: Item, tables: ReferenceTables) -> dict[str, str]:
    """Field → what a table says instead, "" where every table that knows the field agrees."""
    said: dict[str, str] = {}
    held = tables.of(item.title, item.year)
    mpa = next((text.removeprefix("MPA:") for text in item.certificates if text.startswith("MPA:")), "")
    for record in held:
        if mpa and record.certificate:
            _tell(said, "certificate", mpa == record.certificate, record.certificate)
    for field, mine, theirs in (
        ("director", item.directors, [record.directors for record in held]),
        ("genre", item.genres, [record.genres for record in held]),
        ("cast", item.cast, [record.cast for record in held]),
    ):
        known = [names for names in theirs if names]
        if mine and known:
            agreed = any(keys(mine) & keys(names) for names in known)
            _tell(said, field, agreed, ", ".join(sorted(known[0])[:6]))
    same = [record for record in tables.titled(item.title) if record.year and _same_people(item, record)]
    if item.year and same:
        near = any(abs((record.year or 0) - item.year) <= 1 for record in same)
        _tell(said, "year", near, str(same[0].year))
    return said


def _tell(said: dict[str, str], field: str, agreed: bool, other: str) -> None:
    said[field] = said.get(field, "") or ("" if agreed else other)


def _same_people(item: Item, record: Reference) -> bool:
    return bool(keys(item.directors) & keys(record.directors)) or len(keys(item.cast) & keys(record.cast)) > 1


def main() -> None:
    """Print how often each field disagrees, and the disagreements of one field."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the tables")
    parser.add_argument("--films", type=Path, help="a table of films instead of the starter's")
    parser.add_argument("--list", choices=FIELDS, action="append", default=[], help="show what disagrees")
    given = parser.parse_args()
    items = list(read_items(given.films)) if given.films else read_starter("film")[0]
    tables = ReferenceTables(given.data)
    both: dict[str, int] = defaultdict(int)
    wrong: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for field, other in differences(item, tables).items():
            both[field] += 1
            if other:
                mine = {
                    "year": item.year,
                    "certificate": item.certificates,
                    "director": item.directors,
                    "genre": item.genres,
                    "cast": item.cast,
                }[field]
                wrong[field].append(f"{item.title} ({item.year}): {mine} | table: {other}")
    print(f"{len(items)} films")
    for field in FIELDS:
        share = len(wrong[field]) / max(both[field], 1)
        print(f"{field:12} known to both {both[field]:5}   disagree {len(wrong[field]):4}  {share:.1%}")
    for field in given.list:
        print(f"\n{field}")
        print("\n".join(wrong[field]))


if __name__ == "__main__":
    main()
