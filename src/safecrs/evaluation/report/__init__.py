"""The report: an evaluation as one page for people."""

from safecrs.evaluation.report.page import Chapter, headline, interval, number, write_report

__all__ = ["Chapter", "headline", "interval", "number", "write_report"]
