"""Studies: whole experiments from data to report."""
