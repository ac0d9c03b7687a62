"""The one exception users see: a sentence that says what is wrong, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class SafecrsError(Exception):
    """Bad input or an impossible request, told in one sentence.

    The command line prints the message and exits with status 2; the message names the file, the row and
    the remedy where there is one. It never repeats what a user disclosed about themselves.
    """


class SafecrsWarning(UserWarning):
    """Something a user should know although the work goes on, told in one sentence."""


def extra(name: str) -> str:
    """What to do where the packages of one of our optional extras are missing, as part of a sentence."""
    return f"install safecrs with its extra {name} (pip install -e '.[{name}]' in its checkout)"


def first_problem(error: ValidationError) -> str:
    """Where a value first breaks its form and how, without the value: it may hold a disclosure."""
    detail = error.errors(include_url=False, include_input=False)[0]
    return " ".join([".".join(map(str, detail["loc"])), detail["msg"]]).strip()
