"""The report: evaluations as one page, and what other reports share with it."""

from safecrs.evaluation.report.drawing import Point, dots, lines, point
from safecrs.evaluation.report.page import Chapter, cell, headline, interval, number, write_report
from safecrs.evaluation.report.plots import short
from safecrs.evaluation.report.render import Form, render

__all__ = [
    "Chapter",
    "Form",
    "Point",
    "cell",
    "dots",
    "headline",
    "interval",
    "lines",
    "number",
    "point",
    "render",
    "short",
    "write_report",
]
