"""Score tables in the manner of Kids-In-Mind: sex, violence and language from 0 to 10."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.record import Advisory, Statement
from safecrs.advisories.severities import category_cells
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each, says_nothing

SOURCE = "scores"


def score_severity(score: float) -> int:
    """Severity of a 0…10 score by thirds: 0 is None, up to 10/3 Mild, up to 20/3 Moderate, above Severe.

    Raises:
        ValueError: the score is outside 0…10.
    """
    if not 0 <= score <= 10:
        raise ValueError(f"the score {score:g} is outside 0 to 10")
    return 0 if score == 0 else 1 if score <= 10 / 3 else 2 if score <= 20 / 3 else 3


def read_scores(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year and 0…10 scores: sex, violence, language, and the other categories if there.

    An empty cell says nothing. CSV, TSV or JSON, each also gzip-compressed.

    Raises:
        SafecrsError: the file is unreadable, or nothing of it was used.
    """
    return read_each(path, _advisory, skipped)


def _advisory(row: Row) -> Advisory | None:
    statements = []
    for category, column, text in category_cells(row):
        if not says_nothing(text):
            try:
                severity = score_severity(float(text))
            except ValueError:
                row.fail(f"{column} must be a score from 0 to 10, not {quoted(text)}", "score")
            statements.append(Statement(category, severity, f"{text} of 10"))
    return row.advisory(SOURCE, statements) if statements else None
