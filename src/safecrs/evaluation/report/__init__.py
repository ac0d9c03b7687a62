"""The report: evaluations as one page, and what other reports share with it."""

from safecrs.evaluation.report.page import Chapter, cell, headline, interval, number, write_report

__all__ = ["Chapter", "cell", "headline", "interval", "number", "write_report"]
