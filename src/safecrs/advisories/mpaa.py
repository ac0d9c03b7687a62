"""MPAA ratings and their reasons in words, as filmratings.com and the IMDb lists publish them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.mpaa_reason import LONGEST, read_reason
from safecrs.advisories.record import Advisory
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each

SOURCE = "mpaa"
RATINGS = ("G", "PG", "PG-13", "R", "NC-17")

_BY_LETTERS = {re.sub(r"\W", "", rating): rating for rating in RATINGS} | {
    "X": "NC-17",
    "GP": "PG",
    "M": "PG",
}
_UNRATED = {"", "NR", "UR", "NOTRATED", "UNRATED", "APPROVED", "PASSED", "NA", "NONE"}


def read_mpaa(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year, rating and reason ("Rated R for strong violence and brief nudity").

    A reason names whatever is notable, so a guide category that it does not name is unremarkable
    (``reviews_guide``), provided every phrase was understood: an unknown word may speak of any category. A
    topic that it does not name is unknown: ``reviews_topics`` stays empty. A G without a reason is a review
    too, since by the rating's definition nothing in it would offend parents of young children; any other
    rating without a reason says nothing, and such a row is passed over, as are unrated films without one.

    The rating of another system is counted and the reason read without it. The columns rating and imdb_id
    may be missing. CSV, TSV or JSON, each also gzip-compressed.

    Raises:
        SafecrsError: the file is unreadable, or nothing of it was used.
    """
    return read_each(path, _advisory, skipped, required=("reason",))


def _advisory(row: Row) -> Advisory | None:
    rating, reason = _rating(row), row.get("reason") or ""
    if len(reason) > LONGEST:
        row.fail(f"the reason is longer than {LONGEST:,} characters and not read")
    reading = read_reason(reason, rating)
    if reading.empty and rating != "G":
        return None
    return row.advisory(SOURCE, reading.statements, reviews_guide=not reading.unread)


def _rating(row: Row) -> str | None:
    text = row.get("rating", "mpaa", "mpaa rating") or ""
    letters = re.sub(r"[\W_]", "", text.upper()).removeprefix("RATED")
    if letters not in _BY_LETTERS and letters not in _UNRATED:
        row.note(f"{quoted(text)} is not an MPAA rating; the reason is read without it", "rating")
    return _BY_LETTERS.get(letters)
