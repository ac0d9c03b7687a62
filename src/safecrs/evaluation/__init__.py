"""Evaluation: systems under test, their metrics with intervals, paired tests, and reports."""
