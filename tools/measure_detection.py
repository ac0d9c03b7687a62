"""Measures detection: ``python tools/measure_detection.py [--dialogues DIR] [--embeddings] [--json]``.

Prints quality by kind of turn and by trait, calibration, thresholds and false alarms on real dialogues.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detection_quality.measure import Measurement, Quality, Share, TraitQuality, measure_detection
from safecrs.cli.output import console, print_json
from safecrs.detection import RuleDetector, load_embedding_detector

if TYPE_CHECKING:
    from rich.table import Table


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how well disclosures are detected.")
    parser.add_argument(
        "--dialogues", type=Path, help="a folder with the ReDial and INSPIRED dialogues, for false alarms"
    )
    parser.add_argument("--embeddings", action="store_true", help="add the embedding detector to the rules")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    detector = RuleDetector(load_embedding_detector() if options.embeddings else None)
    measurement = measure_detection(detector, options.dialogues)
    if options.json:
        print_json(measurement)
    else:
        for table in tables(measurement):
            console().print(table, "")


def tables(measurement: Measurement) -> Iterator[Table]:
    """The measurement as terminal tables."""
    for split, measured in measurement.turns.items():
        kinds = [
            _row(kind, quality) for kind, quality in (("all", measured.overall), *measured.by_kind.items())
        ]
        alarms = [(kind, "", "", "", _share(share)) for kind, share in measured.false_alarms.items()]
        head = "kind, macro F1, precision, recall, false alarms"
        yield _table(f"{split}: by kind of turn", head, [*kinds, *alarms])
        by_trait = [_row(trait, quality) for trait, quality in measured.overall.by_trait.items()]
        yield _table(f"{split}: by trait", "trait, F1, precision, recall", by_trait)
    stated = [(split, measured.reliability) for split, measured in measurement.turns.items()]
    rows = [(split, str(found.count), f"{found.ece:.3f}", f"{found.brier:.3f}") for split, found in stated]
    yield _table("Calibration of what was reported", "turns, disclosures, ECE, Brier", rows)
    right = [(strength, _share(share)) for strength, share in measurement.thresholds.items()]
    yield _table("Thresholds read right", "words, share", right)
    if measurement.false_alarms:
        real = [(name, _share(share, exact=True)) for name, share in measurement.false_alarms.items()]
        yield _table("Real dialogues that disclose nothing", "corpus and half, false alarms", real)


def _row(name: str, quality: Quality | TraitQuality) -> tuple[str, ...]:
    f1 = quality.macro_f1 if isinstance(quality, Quality) else quality.f1
    low, high = quality.interval
    return name, f"{f1:.3f} [dim]{low:.3f}–{high:.3f}[/]", _share(quality.precision), _share(quality.recall)


def _table(title: str, columns: str, rows: Sequence[tuple[str, ...]]) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns.split(", ")):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


def _share(share: Share, exact: bool = False) -> str:
    if not share.total:
        return "–"
    low, high = share.interval("exact" if exact else "wilson")
    return f"{share.hits}/{share.total} = {share.value:.1%} [dim]{low:.1%}–{high:.1%}[/]"


if __name__ == "__main__":
    main()
