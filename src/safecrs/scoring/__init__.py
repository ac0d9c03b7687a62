"""Scoring: hits and violations of slates, from which metrics and rewards are computed."""
