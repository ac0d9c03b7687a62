"""How well MPAA reasons are read: against hand-set labels, and over the whole published file.

    python perf/mpaa_parser.py [--errors] [--phrases N]

data/mpaa_labels.md describes the labels and their conventions; the reasons are in ../shared/data.
`safecrs data report --mpaa` puts the same numbers on a page.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.mpaa_reason import read_reason
from safecrs.advisories.tables import read_table
from safecrs.studies.benchmark_report.quality import (
    PARTS,
    ParserPart,
    ShareFact,
    labelled_reasons,
    measure_part,
    parsed,
)

PUBLISHED = Path(__file__).resolve().parents[1] / "../shared/data/advisories/mpaa_rating_reasons.tsv.gz"


def shown(share: ShareFact) -> str:
    """A share in per cent with its interval."""
    return "–" if share.value is None else f"{share.value:.1%} [{share.low:.1%}, {share.high:.1%}]"


def lines(part: ParserPart) -> Iterator[str]:
    """The table of one part."""
    for title, held in (("", part.severities), ("topic ", part.topics)):
        for name, both in held.items():
            precision, recall = both.precision, both.recall
            yield (
                f"{title + name:28} precision {shown(precision):22} of {precision.total:4}   "
                f"recall {shown(recall):22} of {recall.total:4}"
            )
    yield f"severity exactly right {shown(part.exact)}, where there is one {shown(part.named)}"
    yield f"all five severities right {shown(part.whole)}"


def coverage(shown: int) -> Iterator[str]:
    """How much of the whole file is understood, what is not, and the speed."""
    rows = [(row.cells["reason"], row.cells["rating"]) for row in read_table(PUBLISHED)]
    begin = time.perf_counter()
    readings = [read_reason(*row) for row in rows]
    seconds = time.perf_counter() - begin
    held_out = {_letters(item.reason) for item in labelled_reasons(PUBLISHED, "held-out")[0]}
    unread = Counter(
        phrase
        for (reason, _), reading in zip(rows, readings, strict=True)
        for phrase in reading.unread
        if _letters(reason) not in held_out  # what is held out is not shown to whoever widens the lexicon
    )
    understood = sum(not reading.unread for reading in readings)
    yield f"{len(rows):,} reasons, {len(rows) / seconds:,.0f} a second"
    yield f"every phrase understood: {understood / len(rows):.1%}"
    for phrase, count in unread.most_common(shown):
        yield f"  {count:4} {phrase}"


def _letters(reason: str) -> str:
    return "".join(char for char in reason.lower() if char.isalnum())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--errors", action="store_true", help="list the dev reasons that are read otherwise")
    parser.add_argument("--phrases", type=int, default=40, help="how many phrases not understood to list")
    given = parser.parse_args()
    for part in PARTS:
        items, labels = labelled_reasons(PUBLISHED, part)
        print(f"\n{part}: {len(items)} reasons")
        print("\n".join(lines(measure_part(items, labels))))
    if given.errors:
        for item in labelled_reasons(PUBLISHED, "dev")[0]:
            if parsed(item) != item.label:
                print(item.reason, item.label, "read as", parsed(item))
    print()
    print("\n".join(coverage(given.phrases)))


if __name__ == "__main__":
    main()
