"""How well MPAA reasons are read: against hand-set labels, and over the whole published file.

    python benchmarks/mpaa_parser.py [--part dev|held-out] [--errors]

The labels (tests/advisories/mpaa_labels.tsv) hold no reasons: these are read from ../shared/data. They were
drawn at random by rating from the distinct reasons (letters only, so that "druguse" is "drug use"). Those of
"dev" were read, and partly labelled, while the lexicon was written. Those of "held-out" were drawn when the
parser was finished, labelled without running it, and measured once; do not tune on them. One person wrote
parser and labels, by these conventions, so the numbers say how faithfully the conventions are carried out,
not how well they match what viewers would say:

| mention                                                                | PG | PG-13 | R   | NC-17 |
|------------------------------------------------------------------------|----|-------|-----|-------|
| plain ("violence")                                                     | 1  | 2     | 2   | 3     |
| some                                                                   | 1  | 1     | 2   | 3     |
| brief, mild, "a scene of"                                              | 1  | 1     | 1   |       |
| strong, graphic, pervasive, throughout; bloody, gore, brutal, torture  | 2  | 2     | 3   | 3     |
| brief strong                                                           | 1  | 2     | 2   |       |
| weaker kinds: sensuality, references, humor, action, peril             | 1  | 1     | 2   |       |
| smoking, crude or rude humor                                           | 1  | 1     | 1–2 |       |

Drugs named as content, material, a scene or just as such are a clear yes to "drug use"; references, humor and
dialogue are not. Alcohol is a yes to "alcohol abuse" where abuse, drunkenness or heavy drinking is named. The
first labels took only "use" and "abuse" for a yes; when the convention was widened, for people in recovery,
36 labels gained "drug use", 13 of them held-out, and nothing else was changed.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from safecrs.advisories.mpaa_reason import parse_reason, read_reason
from safecrs.advisories.tables import read_table
from safecrs.taxonomy import CATEGORIES
from safecrs.traits.measure import Share

HERE = Path(__file__).resolve()
PUBLISHED = HERE.parents[1] / "../shared/data/advisories/mpaa_rating_reasons.tsv.gz"
LABELS = HERE.parents[1] / "tests/advisories/mpaa_labels.tsv"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One labelled reason: severities over `CATEGORIES`, topics that its words clearly speak to."""

    reason: str
    rating: str
    part: str
    severities: tuple[int, ...]
    topics: frozenset[str]


def labelled(part: str | None = None) -> list[Labelled]:
    """The labels with their reasons, of one part or both; a changed or missing reason is an error."""
    reasons = {
        hashlib.sha256(row.cells["reason"].encode()).hexdigest()[:12]: row.cells["reason"]
        for row in read_table(PUBLISHED)
    }
    return [
        Labelled(
            reasons[row.cells["reason sha256"]],
            row.cells["rating"],
            row.cells["part"],
            tuple(map(int, row.cells["severities"])),
            frozenset(filter(None, row.cells["topics"].split("|"))),
        )
        for row in read_table(LABELS)
        if part in (None, row.cells["part"])
    ]


def parsed(item: Labelled) -> tuple[tuple[int, ...], frozenset[str]]:
    """What the parser makes of it, as labels are written."""
    said = {statement.subject: statement.value for statement in parse_reason(item.reason, item.rating)}
    return tuple(said.get(name, 0) for name in CATEGORIES), frozenset(said).difference(CATEGORIES)


def precision_recall(pairs: list[tuple[bool, bool]]) -> tuple[Share, Share]:
    """Of (true, found) pairs."""
    both = sum(true and found for true, found in pairs)
    return Share(both, sum(found for _, found in pairs)), Share(both, sum(true for true, _ in pairs))


def lines(items: list[Labelled]) -> Iterator[str]:
    """The table of one part."""
    found = [parsed(item) for item in items]
    for least in (1, 2, 3):
        every: list[tuple[bool, bool]] = []
        for position, name in enumerate(CATEGORIES):
            pairs = [
                (item.severities[position] >= least, severities[position] >= least)
                for item, (severities, _) in zip(items, found, strict=True)
            ]
            every += pairs
            yield _line(f"{name} ≥ {least}", pairs)
        yield _line(f"all ≥ {least}", every)
    for position, name in enumerate(CATEGORIES):
        exact = [i.severities[position] == s[position] for i, (s, _) in zip(items, found, strict=True)]
        named = [e for e, i in zip(exact, items, strict=True) if i.severities[position]]
        yield f"{name + ' exact':26} {_of(exact)}   named: {_of(named)}"
    cells = [
        a == b for i, (s, _) in zip(items, found, strict=True) for a, b in zip(i.severities, s, strict=True)
    ]
    named = [
        a == b
        for i, (s, _) in zip(items, found, strict=True)
        for a, b in zip(i.severities, s, strict=True)
        if a
    ]
    yield f"{'all exact':26} {_of(cells)}   named: {_of(named)}"
    whole = [item.severities == severities for item, (severities, _) in zip(items, found, strict=True)]
    yield f"{'all five right':26} {_of(whole)}"
    every = []
    for topic in sorted(set().union(*(i.topics for i in items), *(t for _, t in found))):
        pairs = [
            (topic in item.topics, topic in topics) for item, (_, topics) in zip(items, found, strict=True)
        ]
        every += pairs
        yield _line(f"“{topic}”", pairs)
    yield _line("all topics", every)


def coverage(shown: int) -> Iterator[str]:
    """How much of the whole file is understood, what is not, and the speed."""
    rows = [(row.cells["reason"], row.cells["rating"]) for row in read_table(PUBLISHED)]
    begin = time.perf_counter()
    readings = [read_reason(*row) for row in rows]
    seconds = time.perf_counter() - begin
    understood = Share(sum(not reading.unread for reading in readings), len(readings))
    held_out = {_letters(item.reason) for item in labelled("held-out")}
    unread = Counter(
        phrase
        for (reason, _), reading in zip(rows, readings, strict=True)
        for phrase in reading.unread
        if _letters(reason) not in held_out  # what is held out is not shown to whoever widens the lexicon
    )
    yield f"{len(rows):,} reasons, {len(rows) / seconds:,.0f} a second"
    yield f"every phrase understood: {_share(understood)}"
    for phrase, count in unread.most_common(shown):
        yield f"  {count:4} {phrase}"


def _letters(reason: str) -> str:
    return "".join(char for char in reason.lower() if char.isalnum())


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:6.1%} [{low:.1%}, {high:.1%}] of {share.total:4}"


def _of(right: list[bool]) -> str:
    return _share(Share(sum(right), len(right)))


def _line(name: str, pairs: list[tuple[bool, bool]]) -> str:
    precision, recall = precision_recall(pairs)
    return f"{name:26} precision {_share(precision)}   recall {_share(recall)}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", choices=("dev", "held-out"), help="only this part of the labels")
    parser.add_argument("--errors", action="store_true", help="list the dev reasons that are read otherwise")
    parser.add_argument("--phrases", type=int, default=40, help="how many phrases not understood to list")
    given = parser.parse_args()
    for part in ("dev", "held-out"):
        if given.part in (None, part):
            items = labelled(part)
            print(f"\n{part}: {len(items)} reasons")
            print("\n".join(lines(items)))
    if given.errors:
        for item in labelled("dev"):
            severities, topics = parsed(item)
            if severities != item.severities or topics != item.topics:
                print(item.reason, item.severities, "read as", severities, item.topics ^ topics or "")
    print()
    print("\n".join(coverage(given.phrases)))


if __name__ == "__main__":
    main()
