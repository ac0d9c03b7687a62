"""Parents-guide severities in a row of a table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from safecrs.advisories.record import Statement
from safecrs.advisories.skipped import quoted
from safecrs.advisories.tables import Row, says_nothing
from safecrs.taxonomy import SEVERITIES

COLUMNS: dict[str, tuple[str, ...]] = {
    "sex": ("sex", "sex nudity", "sex and nudity", "nudity"),
    "violence": ("violence", "violence gore", "violence and gore"),
    "profanity": ("profanity", "language"),
    "substances": (
        "substances",
        "alcohol drugs smoking",
        "alcohol drugs and smoking",
        "alcohol",
        "drugs",
    ),
    "frightening": (
        "frightening",
        "frightening intense",
        "frightening and intense",
        "frightening intense scenes",
        "frightening and intense scenes",
        "intense",
    ),
}
"""Guide category → the column names it goes by, as `column_key` writes them."""

_SEVERITY = re.compile(r"(none|mild|moderate|severe|[0-3](?:\.0+)?)\s*(?:\([^()]*\))?", re.ASCII)
_UNRATED = frozenset(["not rated", "unrated", "not yet rated"])


@lru_cache(maxsize=256)
def parse_severity(text: str) -> int | None:
    """0…3 from a name or number, also "Severe (123 votes)"; None when nothing is said.

    Raises:
        ValueError: it is neither; note that the *word* "None" is a severity, an empty cell is not.
    """
    word = text.strip().casefold()
    match = _SEVERITY.fullmatch(word)
    if match is None:
        if says_nothing(word) or word in _UNRATED:
            return None
        raise ValueError(f"{quoted(text)} is not a severity; write None, Mild, Moderate or Severe, or 0 to 3")
    names = [severity.casefold() for severity in SEVERITIES]
    return names.index(match[1]) if match[1] in names else int(match[1][0])


def category_cells(row: Row) -> Iterator[tuple[str, str, str]]:
    """Category, column and cell of each guide column of a row; a category may have several."""
    for category, columns in COLUMNS.items():
        yield from ((category, column, row.cells[column]) for column in columns if column in row.cells)


def severity_statements(row: Row) -> tuple[Statement, ...]:
    """What a row's severity columns say; empty cells say nothing. A cell that is none fails the row."""
    statements = []
    for category, column, cell in category_cells(row):
        try:
            severity = parse_severity(cell)
        except ValueError as error:
            row.fail(f"{column}: {error}", "severity")
        if severity is not None:
            statements.append(Statement(category, severity))
    return tuple(statements)
