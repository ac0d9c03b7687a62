"""The report of evaluations: one self-contained HTML page of tables, charts, definitions and caveats."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from safecrs.errors import SafecrsError, extra
from safecrs.evaluation.report import charts
from safecrs.evaluation.results import Evaluation
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.statistics import Comparison, Estimate
from safecrs.storage import write_text

Form = Literal["html", "markdown"]
_METRICS = {metric.id: metric for metric in METRICS}
TABLE = ("recall", "ndcg", "svr", "sdcg", "unknown", "svr_worst", "validity", "repeats", "length")


@dataclass(frozen=True, slots=True)
class Chapter:
    """One benchmark's part of the report.

    Attributes:
        title, about: heading, and a paragraph on where the data come from.
        trait_systems: systems of the chart by trait.
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
    """Write the page, atomically."""
    page = render(
        Path(__file__).with_name("page.j2"),
        "html",
        chapters=chapters,
        metrics=_METRICS,
        table=TABLE,
        charts=charts,
        headline=headline,
        verdict=verdict,
        cell=cell,
    )
    write_text(path, page)


def cell(estimate: Estimate, metric: str) -> tuple[str, str]:
    """The value and its confidence interval as tables show them; "–" and "" when nothing counts."""
    if estimate.value is None:
        return "–", ""
    form = percent if _METRICS[metric].percent else ("{:.1f}" if metric == "length" else "{:.3f}").format
    ends = [form(end) for end in (estimate.low, estimate.high) if end is not None]
    return form(estimate.value), " – ".join(ends)


def verdict(comparison: Comparison, k: int) -> str:
    """A comparison in words, claiming a difference only where the adjusted test finds one."""
    difference, name = comparison.difference.value, _METRICS[comparison.metric].name.format(k=k)
    if difference is None:
        return f"{name}: nothing to compare"
    direction = f"significantly {'higher' if difference > 0 else 'lower'}"
    p = "p < 0.001" if comparison.p_holm < 0.001 else f"p = {comparison.p_holm:.3f}"
    return f"{name}: {direction if comparison.significant else 'no significant difference'} ({p})"


def headline(evaluation: Evaluation) -> list[str]:
    """The main comparisons as sentences computed from the results."""
    sentences = []
    tests = {(c.system, c.baseline, c.metric): c for c in evaluation.comparisons}
    for system, baseline in dict.fromkeys((c.system, c.baseline) for c in evaluation.comparisons):
        new, old = evaluation.system(system).metrics, evaluation.system(baseline).metrics
        svr, svr0 = new["svr"].value, old["svr"].value
        shown = {id: (cell(new[id], id)[0], cell(old[id], id)[0]) for id in ("svr", "recall")}
        if svr is not None and svr0:
            tested, recall = (tests.get((system, baseline, metric)) for metric in ("svr", "recall"))
            unsure = "" if tested and tested.significant else ", not significant"
            finding = verdict(recall, evaluation.k).partition(": ")[2] if recall else "not tested"
            sentences.append(
                f"{system} violates {100 * abs(1 - svr / svr0):.1f} % {'less' if svr <= svr0 else 'more'} "
                f"often than {baseline} (SVR@{evaluation.k} {' against '.join(shown['svr'])}{unsure}); "
                f"recall {' against '.join(shown['recall'])}: {finding}."
            )
    return sentences


def render(template: Path, form: Form, **values: Any) -> str:
    """Fill ``template``, which writes with the macros of ``f`` (html.j2 or markdown.j2) and may draw charts.

    HTML is escaped unless marked as safe; a name that is not given is an error.

    Raises:
        SafecrsError: jinja2 or matplotlib is missing.
    """
    try:
        import jinja2

        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader([template.parent, Path(__file__).parent]),
            autoescape=form == "html",  # noqa: S701 (markdown.j2 escapes what Markdown understands)
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {"thousands": "{:,}".format, "percent": percent}
        environment.globals["f"] = environment.get_template(f"{form}.j2").module
        text = environment.get_template(template.name).render(**values)
    except ImportError as error:
        raise SafecrsError(f"A page needs jinja2 and matplotlib: {extra('report')}.") from error
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def percent(part: float, whole: float = 1) -> str:
    """A share as tables show it; "–" of nothing."""
    return f"{100 * part / whole:.1f} %" if whole else "–"
