"""The one exception users see: a sentence that says what is wrong, where, and what to do about it."""

from __future__ import annotations


class SafecrsError(Exception):
    """Bad input or an impossible request, told in one sentence.

    The command line prints the message and exits with status 2; the message names the file, the row and
    the remedy where there is one. It never repeats what a user disclosed about themselves.
    """


def extra(name: str) -> str:
    """What to do where the packages of one of our optional extras are missing, as part of a sentence."""
    return f"install safecrs with its extra {name} (pip install -e '.[{name}]' in its checkout)"
