"""Learning curves of one or several runs, from what is on disk: finished, killed or still going on."""

from __future__ import annotations

import html
import io
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safecrs.errors import SafecrsError, extra
from safecrs.storage import atomic_path, write_text
from safecrs.training.runs.log import LOG, Entry, TrainingLog, series
from safecrs.training.runs.manifest import Manifest, read_manifest
from safecrs.training.runs.selection import HIGH, LOW, RECALL, SVR, VALIDATION, selected

FORMATS = (".png", ".svg", ".html")
_REWARD, _MEAN = "rewards/", "/mean"
_LENGTHS = ("slate/length", f"{VALIDATION}length")
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
"""A logged number → the title of its panel, if some run has it; those of the rewards stand between them."""
_COLOURS = ("#4e79a7", "#e15759", "#59a14f", "#f28e2b", "#b07aa1", "#76b7b2", "#9c755f", "#8c8c8c")
_INK, _COLUMNS, _MANY = "#1f2933", 3, 30


@dataclass(frozen=True, slots=True)
class Curves:
    """What one run has logged so far."""

    name: str
    manifest: Manifest
    entries: list[Entry]

    @property
    def chosen(self) -> Entry | None:
        """The checkpoint that became the model, or is the best so far."""
        return selected(self.entries, self.manifest.svr_ceiling)


def read_curves(runs: Sequence[Path]) -> list[Curves]:
    """The logs of runs, each under the part of its folder's name that tells it from the others.

    Raises:
        SafecrsError: a folder holds no run, or nothing was logged in it yet.
    """
    found = []
    for folder, name in zip(runs, _names(runs), strict=True):
        manifest = read_manifest(folder)
        entries = TrainingLog(folder / LOG).entries()
        if not entries:
            raise SafecrsError(f"{folder / LOG} holds nothing yet: wait until training has logged a step.")
        found.append(Curves(name, manifest, entries))
    return found


def plot_runs(runs: Sequence[Path], out: Path) -> None:
    """Draw a panel for each quantity, a line for each run; the chosen checkpoints are marked.

    Raises:
        SafecrsError: there is no run or nothing logged, the file's ending is none of `FORMATS`, matplotlib is
            missing, or the file cannot be written.
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
    """The figure, and a title for it.

    Raises:
        SafecrsError: matplotlib is missing, or nothing that has a panel was logged.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SafecrsError(f"Curves need matplotlib: {extra('report')}.") from error
    from matplotlib import rc_context

    panels = _panels(curves)
    if not panels:
        raise SafecrsError("There is no curve to draw yet: wait until training has logged a step.")
    rows = math.ceil(len(panels) / _COLUMNS)
    with rc_context(_STYLE):
        # A figure of its own, not pyplot's: nothing is shared with whoever calls.
        figure = Figure(figsize=(3.9 * min(_COLUMNS, len(panels)), 2.6 * rows + 0.5), layout="constrained")
        axes = list(figure.subplots(rows, min(_COLUMNS, len(panels)), squeeze=False).flat)
        for panel, (key, title) in zip(axes, panels.items(), strict=False):
            for number, run in enumerate(curves):
                _line(panel, run, key, _COLOURS[number % len(_COLOURS)])
            _finish(panel, key, title, curves)
        for empty in axes[len(panels) :]:
            empty.set_visible(False)
        title = ", ".join(run.name for run in curves)
        _legend(figure, curves)
    return figure, title


def _panels(curves: Sequence[Curves]) -> dict[str, str]:
    logged = {key for run in curves for entry in run.entries for key in entry}
    rewards = sorted(key for key in logged if key.startswith(_REWARD) and key.endswith(_MEAN))
    each = {key: f"reward: {key.removeprefix(_REWARD).removesuffix(_MEAN)}" for key in rewards}
    wanted = _FIRST | each | _LAST
    return {
        key: title
        for key, title in wanted.items()
        if key in logged or (key == _LENGTHS[0] and _LENGTHS[1] in logged)
    }


def _line(axes: Any, run: Curves, key: str, colour: str) -> None:
    """One run in one panel; validated numbers with their interval, and a star at the chosen checkpoint."""
    points = series(run.entries, key)
    if points:
        few = len(points) <= _MANY
        style = {"color": colour, "lw": 1.6, "marker": "o" if few else None, "markersize": 3}
        axes.plot(*zip(*points, strict=True), **style)
    if key == _LENGTHS[0] and (checked := series(run.entries, _LENGTHS[1])):
        axes.plot(*zip(*checked, strict=True), color=colour, lw=1.2, ls="--", marker="o", markersize=3)
    if not key.startswith(VALIDATION):
        return
    band = [entry for entry in run.entries if key + LOW in entry and key + HIGH in entry]
    axes.fill_between(
        [entry["step"] for entry in band],
        [entry[key + LOW] for entry in band],
        [entry[key + HIGH] for entry in band],
        color=colour,
        alpha=0.12,
        lw=0,
    )
    if (chosen := run.chosen) and key in chosen:
        star = {"marker": "*", "markersize": 13, "markeredgecolor": "white", "zorder": 5}
        axes.plot([chosen["step"]], [chosen[key]], color=colour, **star)


def _finish(axes: Any, key: str, title: str, curves: Sequence[Curves]) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    axes.set_title(title, fontsize=9.5, loc="left")
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True))
    if key in (SVR, "slate/svr"):
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_ylim(bottom=0)
    if key == SVR:
        for ceiling in {run.manifest.svr_ceiling for run in curves} - {None}:
            axes.axhline(ceiling, color=_INK, lw=0.9, ls=":")
    if key in (RECALL, _LENGTHS[0]):
        axes.set_ylim(bottom=0)
    axes.set_xlabel("step", fontsize=8)


def _legend(figure: Any, curves: Sequence[Curves]) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=_COLOURS[number % len(_COLOURS)], lw=2, label=run.name)
        for number, run in enumerate(curves)
    ]
    logged = {key for run in curves for entry in run.entries for key in entry}
    if RECALL in logged:
        star = Line2D([], [], marker="*", markersize=11, ls="", color=_INK, label="chosen checkpoint")
        handles.append(star)
        if any(run.manifest.svr_ceiling is not None for run in curves):
            handles.append(Line2D([], [], color=_INK, lw=0.9, ls=":", label="SVR ceiling"))
    if set(_LENGTHS) <= logged:
        handles.append(Line2D([], [], color=_INK, lw=1.2, ls="--", label="in validation"))
    figure.legend(handles=handles, loc="outside upper left", ncols=min(len(handles), 6), frameon=False)


def _names(runs: Sequence[Path]) -> list[str]:
    """As few of the last parts of each path as tell them apart."""
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
