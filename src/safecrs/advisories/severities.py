"""Parents-guide severities in a row of a table."""

from __future__ import annotations

import re
from functools import lru_cache

from safecrs.advisories.record import Statement
from safecrs.advisories.tables import Row
from safecrs.taxonomy import CATEGORIES, SEVERITIES

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


@lru_cache(maxsize=256)
def parse_severity(text: str) -> int | None:
    """0…3 from a name or number; None when nothing is said.

    Raises:
        ValueError: it is neither; note that the *word* "None" is a severity, an empty cell is not.
    """
    word = text.strip().casefold()
    if word in ("", "?", "unknown", "n/a", "nan"):
        return None
    names = [severity.casefold() for severity in SEVERITIES]
    if word in names:
        return names.index(word)
    if re.fullmatch(r"[0-3](?:\.0)?", word):
        return int(word[0])
    raise ValueError(f"{text!r} is not a severity; write None, Mild, Moderate or Severe, or 0 to 3")


def severity_statements(row: Row) -> tuple[Statement, ...]:
    """What a row's severity columns say; empty cells say nothing.

    Raises:
        SafecrsError: a cell is not a severity; names file, row and category.
    """
    statements = []
    for category in CATEGORIES:
        text = row.get(*COLUMNS[category])
        try:
            severity = None if text is None else parse_severity(text)
        except ValueError as error:
            row.fail(f"{category}: {error}.")
        if severity is not None:
            statements.append(Statement(category, severity))
    return tuple(statements)
