"""How every picture of a report is drawn: one style, SVG text that is embedded, words for who cannot see."""

from __future__ import annotations

import io
import warnings
from html import escape
from typing import Any

from safecrs.errors import SafecrsError, extra

COLOURS = ("#8c8c8c", "#b07aa1", "#9c755f", "#e15759", "#f28e2b", "#4e79a7", "#59a14f", "#76b7b2")
INK = "#1f2933"


def pyplot() -> Any:
    """``matplotlib.pyplot`` in the report's style.

    Raises:
        SafecrsError: matplotlib is missing.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise SafecrsError(f"A page needs jinja2 and matplotlib: {extra('report')}.") from error

    matplotlib.use("svg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.edgecolor": "#9aa5b1",
            "axes.labelcolor": INK,
            "axes.grid": True,
            "grid.color": "#e4e7eb",
            "axes.axisbelow": True,
            "font.size": 10,
            "svg.hashsalt": "safecrs",
            "text.parse_math": False,  # a "$" in a name is a "$"
        }
    )
    return plt


def svg(plt: Any, figure: Any, alt: str) -> str:
    """The figure as an SVG element, and close it; ``alt`` says in words what it shows."""
    buffer = io.StringIO()
    about = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing")  # drawn as a box
        figure.savefig(buffer, format="svg", bbox_inches="tight", metadata=about)
    plt.close(figure)
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{escape(alt)}"', 1)
