"""The report: evaluations as one page, and what other reports share with it."""

from safecrs.evaluation.report.charts import Point, dots, lines, point, short
from safecrs.evaluation.report.page import Chapter, Form, cell, headline, render, write_report

__all__ = [
    "Chapter",
    "Form",
    "Point",
    "cell",
    "dots",
    "headline",
    "lines",
    "point",
    "render",
    "short",
    "write_report",
]
