"""One self-contained HTML page: tables, plots, definitions, and what the numbers cannot say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from safecrs.evaluation.report import plots
from safecrs.evaluation.report.render import render
from safecrs.evaluation.results import Evaluation
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Comparison, Estimate
from safecrs.storage import write_text

_PERCENT = {metric.id for metric in METRICS if metric.percent}
_NAMES = {metric.id: metric.name for metric in METRICS}
_BETTER = {metric.id: metric.better for metric in METRICS}
_SIGNS = {"higher": 1.0, "lower": -1.0}
TABLE = ("recall", "ndcg", "svr", "sdcg", "unknown", "svr_worst", "validity", "repeats", "length")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One benchmark's part of the report.

    Attributes:
        title, about: heading, and a paragraph on where the data come from.
        trait_systems: systems of the plot by trait.
        training: run name → curve name → (step, value) points.
        facts: label → text lines on how it was made (models, steps, times).
        caveats: what these numbers can and cannot show.
    """

    title: str
    about: str
    evaluation: Evaluation
    trait_systems: Sequence[str] = ()
    training: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]] = field(default_factory=dict)
    facts: Mapping[str, str] = field(default_factory=dict)
    caveats: Sequence[str] = ()


def write_report(chapters: Sequence[Chapter], path: Path) -> None:
    """Write the page, atomically.

    Raises:
        SafecrsError: jinja2 or matplotlib is missing, or the file cannot be written.
    """
    views = [_view(chapter) for chapter in chapters]
    filters = {"number": number, "interval": interval}
    write_text(path, render("page.html.j2", filters, chapters=views, metrics=METRICS))


def number(estimate: Estimate, metric: str) -> str:
    """The value as tables show it; "–" when nothing counts."""
    if estimate.value is None:
        return "–"
    return _format(estimate.value, metric)


def interval(estimate: Estimate, metric: str) -> str:
    """The confidence interval as tables show it."""
    if estimate.low is None or estimate.high is None:
        return ""
    return f"{_format(estimate.low, metric)} – {_format(estimate.high, metric)}"


def verdict(comparison: Comparison, k: int) -> str:
    """A comparison in words, claiming a difference only where the adjusted test finds one."""
    difference, metric = comparison.difference.value, comparison.metric
    name = _NAMES[metric].format(k=k)
    if difference is None:
        return f"{name}: nothing to compare"
    p = "p < 0.001" if comparison.p_holm < 0.001 else f"p = {comparison.p_holm:.3f}"
    if not comparison.significant:
        return f"{name}: no significant difference ({p})"
    return f"{name}: significantly {'higher' if difference > 0 else 'lower'} ({p})"


def _format(value: float, metric: str) -> str:
    if metric in _PERCENT:
        return f"{100 * value:.1f} %"
    return f"{value:.1f}" if metric == "length" else f"{value:.3f}"


def _view(chapter: Chapter) -> dict[str, object]:
    evaluation = chapter.evaluation
    return {
        "chapter": chapter,
        "evaluation": evaluation,
        "card": evaluation.card,
        "columns": [(metric, _NAMES[metric].format(k=evaluation.k)) for metric in TABLE],
        "best": {metric: _best(evaluation, metric) for metric in TABLE},
        "tradeoff": plots.tradeoff(evaluation),
        "by_trait": plots.by_trait(evaluation, chapter.trait_systems) if chapter.trait_systems else "",
        "curves": [
            (run, [(name, plots.curves({name: points}, name)) for name, points in series.items() if points])
            for run, series in chapter.training.items()
        ],
        "comparisons": [(c, verdict(c, evaluation.k)) for c in evaluation.comparisons],
        "split_name": plots.split_name,
        "headline": headline(evaluation),
    }


def headline(evaluation: Evaluation) -> list[str]:
    """The sentences a hurried reader takes away, each computed from the results."""
    sentences = []
    pairs = dict.fromkeys((c.system, c.baseline) for c in evaluation.comparisons)
    for system, baseline in pairs:
        new, old = evaluation.system(system), evaluation.system(baseline)
        svr, svr0 = new.metrics["svr"].value, old.metrics["svr"].value
        if svr is None or not svr0:
            continue
        found = {c.metric: c for c in evaluation.comparisons if (c.system, c.baseline) == (system, baseline)}
        change = f"{100 * abs(1 - svr / svr0):.1f} % {'less' if svr <= svr0 else 'more'}"
        cut = (
            f"violates {change} often than {baseline} "
            f"(SVR@{evaluation.k} {_format(svr, 'svr')} against {_format(svr0, 'svr')}"
            + (")" if "svr" in found and found["svr"].significant else ", not significant)")
        )
        finding = verdict(found["recall"], evaluation.k).split(": ")[1] if "recall" in found else "not tested"
        sentences.append(
            f"{system} {cut}; recall {number(new.metrics['recall'], 'recall')} against "
            f"{number(old.metrics['recall'], 'recall')}: {finding}."
        )
    return sentences


def _best(evaluation: Evaluation, metric: str) -> float | None:
    """The best value of the column, None where no end is better."""
    sign = _SIGNS.get(_BETTER[metric])
    values = [v for system in evaluation.systems if (v := system.metrics[metric].value) is not None]
    return max(values, key=lambda value: sign * value) if sign and values else None
