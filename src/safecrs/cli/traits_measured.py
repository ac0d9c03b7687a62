"""How well sensitivities are found, as terminal tables (``safecrs traits --measure``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

    from safecrs.detection.measure import Measured, Share
    from safecrs.detection.measurement import Measurement


def measurement_tables(measurement: Measurement) -> list[Table]:
    """By kind and by trait, reliability, thresholds, false alarms on real dialogues."""
    tables: list[Table] = []
    for split, measured in measurement.turns.items():
        tables += [_kinds(split, measured), _traits(split, measured)]
    stated = _table("Probabilities of what was reported", "turns", "disclosures", "ECE", "Brier")
    for split, found in measurement.reliability.items():
        stated.add_row(split, str(found.count), f"{found.ece:.3f}", f"{found.brier:.3f}")
    limits = _table("Thresholds read right", "words", "share")
    for strength, share in measurement.thresholds.items():
        limits.add_row(strength, _share(share))
    tables += [stated, limits]
    if measurement.false_alarms:
        alarms = _table("Real dialogues that disclose nothing", "corpus", "half", "false alarms")
        for each in measurement.false_alarms:
            alarms.add_row(each.corpus, each.half, _share(each.share, exact=True))
        tables.append(alarms)
    return tables


def _kinds(split: str, measured: Measured) -> Table:
    table = _table(f"{split}: by kind of turn", "kind", "macro F1", "precision", "recall", "false alarms")
    for name, quality in [("all", measured.overall), *measured.by_kind.items()]:
        low, high = quality.interval
        f1 = f"{quality.macro_f1:.3f} [dim]{low:.3f}–{high:.3f}[/]"
        table.add_row(name, f1, _share(quality.precision), _share(quality.recall), "")
    for kind, share in measured.false_alarms.items():
        table.add_row(kind, "", "", "", _share(share))
    return table


def _traits(split: str, measured: Measured) -> Table:
    table = _table(f"{split}: by trait", "trait", "F1", "precision", "recall")
    for trait, quality in measured.overall.by_trait.items():
        low, high = quality.interval
        f1 = f"{quality.f1:.3f} [dim]{low:.3f}–{high:.3f}[/]"
        table.add_row(trait, f1, _share(quality.precision), _share(quality.recall))
    return table


def _table(title: str, *columns: str) -> Table:
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _share(share: Share, exact: bool = False) -> str:
    if not share.total:
        return "–"
    low, high = share.exact if exact else share.interval
    return f"{share.hits}/{share.total} = {share.value:.1%} [dim]{low:.1%}–{high:.1%}[/]"
