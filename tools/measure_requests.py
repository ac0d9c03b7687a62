"""Measure how well the recommender fits everyday requests, judged by public tables alone.

    python tools/measure_requests.py --data ../shared/data [--requests data/requests/dev.jsonl] [--show 5]

A request states conditions (``fits``); the first six suggestions are compared with what the tables of ReDial,
Wikipedia, OpenDialKG and the MPAA say. A film that no table knows does not fit. Conditions:

- genre, person, director: any, all or none of these names in any table; year: from, to;
- certificate: any or none, where the MPAA's table has the film;
- language: stated by a table; where none states any, a film that Wikipedia's American list lacks;
- not_american: not on that list; words, title: words or phrases of title, plot or paragraph;
- runtime is in no table and not judged.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from check_starter import keys
from reference_tables import Reference, ReferenceTables
from safecrs.conversation import conversation
from safecrs.recommenders.manifest import Manifest, build_recommender
from safecrs.recommenders.recommender import Answer

FIRST = 6


def fits(conditions: Iterable[Mapping[str, Any]], records: list[Reference]) -> bool:
    """Whether a film, by what tables say of it, meets every condition."""
    return bool(records) and all(_meets(condition, records) for condition in conditions)


def _meets(condition: Mapping[str, Any], records: list[Reference]) -> bool:
    match condition["field"]:
        case "year":
            low, high = condition.get("from", 0), condition.get("to", 9999)
            return any(record.year and low <= record.year <= high for record in records)
        case "genre":
            return _among(condition, frozenset().union(*(record.genres for record in records)))
        case "person" | "director" as field:
            names = [record.directors for record in records]
            names += [record.cast for record in records] if field == "person" else []
            wanted = {word: [*keys(condition[word])] for word in ("any", "all", "none") if word in condition}
            return _among(wanted, frozenset(keys(name for held in names for name in held)))
        case "certificate":
            return _among(condition, frozenset(record.certificate for record in records) - {""})
        case "language":
            stated = frozenset().union(*(record.languages for record in records))
            wanted = condition.get("any", []) + condition.get("all", [])
            foreign = "english" not in wanted and not any(record.american for record in records)
            return _among(condition, stated) if stated else foreign
        case "not_american":
            return not any(record.american for record in records)
        case "title":
            return _mentions(condition, " ".join(record.title for record in records))
        case "words":
            return _mentions(condition, " ".join(f"{record.title} {record.text}" for record in records))
    return True


def _among(condition: Mapping[str, Any], held: frozenset[str]) -> bool:
    return (
        bool(held)
        and ("any" not in condition or not held.isdisjoint(condition["any"]))
        and held.issuperset(condition.get("all", ()))
        and held.isdisjoint(condition.get("none", ()))
    )


def _mentions(condition: Mapping[str, Any], text: str) -> bool:
    plain = _plain(text)
    wanted = "any" not in condition or any(_plain(word) in plain for word in condition["any"])
    return wanted and not any(_plain(word) in plain for word in condition.get("none", ()))


def _plain(text: str) -> str:
    return " ".join(["", *re.findall(r"\w+", text.casefold())])


def main() -> None:
    """Print by kind the share of the first six that fits, and of those that no table knows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder of the tables")
    parser.add_argument("--requests", type=Path, default=Path("data/requests/dev.jsonl"))
    parser.add_argument("--show", type=int, default=0, help="how many requests that do not fit to show")
    given = parser.parse_args()
    tables, recommender = ReferenceTables(given.data), build_recommender(Manifest())
    shares: dict[str, list[tuple[float, float]]] = defaultdict(list)
    shown = 0
    for line in given.requests.read_text(encoding="utf-8").splitlines():
        request = json.loads(line)
        if not request.get("fits") or request.get("domain", "film") != "film":
            continue
        answer: Answer = recommender.recommend(request.get("messages", request.get("text")), k=FIRST)
        known = [tables.of(item.title, item.year) for item in answer.suggestions[:FIRST]]
        good = [fits(request["fits"], records) for records in known]
        share, unknown = sum(good) / FIRST, sum(not records for records in known) / FIRST
        shares[request.get("kind", request.get("of", ""))].append((share, unknown))
        if share < 1 and shown < given.show:
            shown += 1
            print(conversation(request.get("messages", request.get("text")))[-1].content, request["fits"])
            for item, right in zip(answer.suggestions, good, strict=False):
                print(f"   {'+' if right else '-'} {item.title} ({item.year})")
    every = [share for kind in shares.values() for share in kind]
    for kind, values in (*shares.items(), ("all", every)):
        fit, unknown = (sum(column) / len(values) for column in zip(*values, strict=True))
        whole = sum(share == 1 for share, _ in values) / len(values)
        print(
            f"{kind[:44]:44} {len(values):4}  fits {fit:.3f}  all six {whole:.3f}  in no table {unknown:.3f}"
        )


if __name__ == "__main__":
    main()
