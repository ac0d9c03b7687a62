"""MPAA ratings with their reasons, as filmratings.com and the IMDb lists publish them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from safecrs.advisories.mpaa_lexicon import load_lexicon
from safecrs.advisories.mpaa_reason import LONGEST, rating_letters, read_reason
from safecrs.advisories.record import Advisory
from safecrs.advisories.skipped import Skipped, quoted
from safecrs.advisories.tables import Row, read_each

SOURCE = "mpaa"

_UNRATED = frozenset(["", "nr", "ur", "notrated", "unrated", "approved", "passed", "na", "none"])


def read_mpaa(path: Path, skipped: Skipped | None = None) -> Iterator[Advisory]:
    """Rows of title, year, rating and reason ("Rated R for strong violence and brief nudity").

    A reason names whatever is notable, so a guide category that it does not name has severity 0
    (``reviews_guide``), provided that every phrase was understood: an unknown word may concern any category.
    A topic that it does not name is unknown: ``reviews_topics`` is empty. A G without a reason is a review
    too, since by the rating's definition nothing in it would offend parents of young children; other films
    without a reason are left out.

    A rating of another system is counted, and the reason is read without it. The columns rating and imdb_id
    are optional. CSV, TSV or JSON, each also gzip-compressed.
    """
    return read_each(path, _advisory, skipped, required=("reason",))


def _advisory(row: Row) -> Advisory | None:
    text, reason = row.get("rating", "mpaa", "mpaa rating") or "", row.get("reason") or ""
    letters = rating_letters(text)
    known = letters if letters in load_lexicon().levels else ""
    if letters != known and letters not in _UNRATED:
        row.note(f"{quoted(text)} is not an MPAA rating; the reason is read without it", "rating")
    if len(reason) > LONGEST:
        row.fail(f"the reason is longer than {LONGEST:,} characters and not read")
    reading = read_reason(reason, known)
    if reading.empty and letters != "g":
        return None
    return row.advisory(SOURCE, reading.statements, reviews_guide=not reading.unread)
