"""Learning curves of one or several runs, finished, stopped or running, from their logs."""

from __future__ import annotations

import html
import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError, extra
from safecrs.storage import atomic_path, write_text
from safecrs.training.runs.log import LOG, Entry, TrainingLog, series
from safecrs.training.runs.manifest import RunManifest, read_manifest
from safecrs.training.runs.selection import HIGH, LOW, RECALL, SVR, VALIDATION, selected

FORMATS = (".png", ".svg", ".html")
_REWARD, _MEAN = "rewards/", "/mean"
_LENGTHS = ("slate/length", f"{VALIDATION}length")
# A logged number → the title of its panel; the rewards' panels stand between the first and the last.
_FIRST = {
    "loss": "loss",
    RECALL: "validation: Recall@10",
    SVR: "validation: SVR@10",
    "slate/recall": "recall of rollouts",
    "slate/svr": "SVR of rollouts",
    _LENGTHS[0]: "items a list",
    "reward": "reward, weighted sum",
}
_LAST = {"kl": "KL from the start", "mean_token_accuracy": "token accuracy"}
_COLOURS = ("#4e79a7", "#e15759", "#59a14f", "#f28e2b", "#b07aa1", "#76b7b2", "#9c755f", "#8c8c8c")
_INK, _COLUMNS, _MANY = "#1f2933", 3, 30


@dataclass(frozen=True, slots=True)
class Curves:
    """The log of one run."""

    name: str
    manifest: RunManifest
    entries: list[Entry]


def read_curves(runs: Sequence[Path]) -> list[Curves]:
    """The logs of runs, each named by the part of its folder's path that distinguishes it."""
    curves = []
    for folder, name in zip(runs, _names(runs), strict=True):
        manifest = read_manifest(folder)
        entries = TrainingLog(folder / LOG).entries()
        if not entries:
            raise SafecrsError(f"{folder / LOG} holds nothing yet: wait until training has logged a step.")
        curves.append(Curves(name, manifest, entries))
    return curves


def plot_runs(runs: Sequence[Path], out: Path) -> None:
    """Draw a panel for each quantity, a line for each run, into a file of one of `FORMATS`.

    The chosen checkpoints are marked.
    """
    if out.suffix.lower() not in FORMATS:
        raise SafecrsError(f"{out} has to end in {', '.join(FORMATS[:-1])} or {FORMATS[-1]}.")
    figure, title = draw(read_curves(runs))
    kind = "png" if out.suffix.lower() == ".png" else "svg"
    buffer = io.BytesIO()
    from matplotlib import rc_context

    with rc_context(_STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # drawn as a box
        figure.savefig(buffer, format=kind, dpi=144, metadata=None if kind == "png" else {"Date": None})
    if out.suffix.lower() == ".html":
        text = buffer.getvalue().decode()
        write_text(out, _PAGE.format(title=html.escape(title), picture=text[text.index("<svg") :]))
        return
    with atomic_path(out) as temporary:
        temporary.write_bytes(buffer.getvalue())


def draw(curves: Sequence[Curves]) -> tuple[Any, str]:
    """The figure, and a title for it."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator, PercentFormatter
    except ImportError as error:
        raise SafecrsError(f"Curves need matplotlib: {extra('report')}.") from error
    panels = _panels(curves)
    if not panels:
        raise SafecrsError("There is no curve to draw yet: wait until training has logged a step.")
    width, rows = min(_COLUMNS, len(panels)), math.ceil(len(panels) / _COLUMNS)
    with rc_context(_STYLE):
        # A figure of its own, not pyplot's: nothing is shared with the caller.
        figure = Figure(figsize=(3.9 * width, 2.6 * rows + 0.5), layout="constrained")
        axes = list(figure.subplots(rows, width, squeeze=False).flat)
        for panel, (key, title) in zip(axes, panels.items(), strict=False):
            for run, colour in zip(curves, cycle(_COLOURS)):
                _line(panel, run, key, colour)
            panel.set_title(title, fontsize=9.5, loc="left")
            panel.set_xlabel("step", fontsize=8)
            panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
            if key in (SVR, "slate/svr"):
                panel.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
            if key in (RECALL, SVR, "slate/svr", _LENGTHS[0]):
                panel.set_ylim(bottom=0)
            for ceiling in {run.manifest.svr_ceiling for run in curves if key == SVR} - {None}:
                panel.axhline(ceiling, color=_INK, lw=0.9, ls=":", label="SVR ceiling")
        for empty in axes[len(panels) :]:
            empty.set_visible(False)
        legend = {
            label: handle
            for panel in axes
            for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            legend.values(), legend, loc="outside upper left", ncols=min(len(legend), 6), frameon=False
        )
    return figure, ", ".join(run.name for run in curves)


def _panels(curves: Sequence[Curves]) -> dict[str, str]:
    logged = {key for run in curves for entry in run.entries for key in entry}
    if _LENGTHS[1] in logged:
        logged.add(_LENGTHS[0])
    rewards = sorted(key for key in logged if key.startswith(_REWARD) and key.endswith(_MEAN))
    each = {key: f"reward: {key.removeprefix(_REWARD).removesuffix(_MEAN)}" for key in rewards}
    return {key: title for key, title in (_FIRST | each | _LAST).items() if key in logged}


def _line(axes: Any, run: Curves, key: str, colour: str) -> None:
    """One run in one panel; validated numbers with their interval, and a star at the chosen checkpoint."""
    few = {"marker": "o" if len(run.entries) <= _MANY else None, "markersize": 3, "color": colour}
    if points := series(run.entries, key):
        axes.plot(*zip(*points, strict=True), lw=1.6, label=run.name, **few)
    if key == _LENGTHS[0] and (points := series(run.entries, _LENGTHS[1])):
        axes.plot(*zip(*points, strict=True), lw=1.2, ls="--", label="in validation", **few)
    if not key.startswith(VALIDATION):
        return
    band = [
        (entry["step"], entry[key + LOW], entry[key + HIGH]) for entry in run.entries if key + HIGH in entry
    ]
    if band:
        axes.fill_between(*zip(*band, strict=True), color=colour, alpha=0.12, lw=0)
    chosen = selected(run.entries, run.manifest.svr_ceiling)
    if chosen and key in chosen:
        star = {"marker": "*", "markersize": 13, "markeredgecolor": "white", "ls": "", "zorder": 5}
        axes.plot([chosen["step"]], [chosen[key]], color=colour, label="chosen checkpoint", **star)


def _names(runs: Sequence[Path]) -> list[str]:
    """As few of the last parts of each path as distinguish them."""
    parts = [run.resolve().parts for run in runs]
    for count in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(path[-count:]) for path in parts]
        if len(set(names)) == len(names):
            return names
    return [str(run) for run in runs]


_STYLE = {
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa5b1",
    "axes.grid": True,
    "grid.color": "#e4e7eb",
    "axes.axisbelow": True,
    "axes.labelcolor": _INK,
    "font.size": 8.5,
    "legend.fontsize": 9,
    "svg.hashsalt": "safecrs",
    "text.parse_math": False,  # a "$" in a name is a "$"
}
_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:2rem;background:#fff}} svg{{max-width:100%;height:auto}}</style>
<body>{picture}</body></html>
"""
