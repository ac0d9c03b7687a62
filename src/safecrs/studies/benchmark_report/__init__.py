"""The benchmark report: what stored benchmarks hold, and how good is what they rest on."""

from safecrs.studies.benchmark_report.report import BenchmarkReport, check_suffixes, make_report

__all__ = ["BenchmarkReport", "check_suffixes", "make_report"]
