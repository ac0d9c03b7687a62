"""The one exception users see: a sentence that says what is wrong, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


_REFUSALS = (
    *(ValueError, TypeError, LookupError, AttributeError, NotImplementedError, ImportError, AssertionError),
    *(RecursionError, EOFError),
)
_LONGEST = 400
_LIBRARIES = ("huggingface_hub", "jinja2", "safetensors", "safetensors_rust", "tokenizers")


class SafecrsError(Exception):
    """Bad input or an impossible request, told in one sentence.

    The command line prints the message and exits with status 2; the message names the file, the row and
    the remedy where there is one. It never repeats what a user disclosed about themselves. Of a very long
    one, which data in it made so, the middle is left out.
    """

    def __init__(self, sentence: str) -> None:
        line = " ".join(sentence.splitlines())
        super().__init__(line if len(line) <= 2 * _LONGEST else f"{line[:_LONGEST]} … {line[-_LONGEST:]}")


class SafecrsWarning(UserWarning):
    """Something a user should know although the work goes on, told in one sentence."""


def extra(name: str) -> str:
    """What to do where the packages of one of our optional extras are missing, as part of a sentence."""
    return f"install safecrs with its extra {name} (pip install -e '.[{name}]' in its checkout)"


def refusal(error: Exception) -> str | None:
    """Why a library refuses a model, its files or settings, in one line; None for any other error.

    The tokenizers library raises plain `Exception`.
    """
    library = type(error).__module__.partition(".")[0] in _LIBRARIES or type(error) is Exception
    if isinstance(error, SafecrsError) or not (library or isinstance(error, _REFUSALS)):
        return None
    return (" ".join(str(error).split()) or type(error).__name__)[:_LONGEST].rstrip(".")


def first_problem(error: ValidationError) -> str:
    """Where a value first breaks its form and how, without the value: it may hold a disclosure."""
    detail = error.errors(include_url=False, include_input=False)[0]
    return " ".join([".".join(map(str, detail["loc"])), detail["msg"]]).strip()
