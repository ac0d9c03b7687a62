"""Readers of content advisories: every source becomes one record type."""

from safecrs.advisories.ddd import read_ddd, read_ddd_table
from safecrs.advisories.esrb import read_esrb
from safecrs.advisories.mpaa_reason import parse_reason, read_mpaa
from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import read_parents_guide, read_scores, read_user_csv
from safecrs.advisories.skipped import Skipped

__all__ = [
    "Advisory",
    "Skipped",
    "Statement",
    "parse_reason",
    "read_ddd",
    "read_ddd_table",
    "read_esrb",
    "read_mpaa",
    "read_parents_guide",
    "read_scores",
    "read_user_csv",
]
