"""Counts of what was not used while files were read and matched, with the first few places."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from safecrs.errors import SafecrsError, SafecrsWarning

_SHOWN = 3
_LONGEST = 60


class RowError(SafecrsError):
    """A row that cannot be used; ``about`` holds file, place, problem and kind (`Skipped.add`)."""

    def __init__(self, where: str, place: str, problem: str, kind: str = "") -> None:
        super().__init__(f"{where}, {place}: {problem}{'' if problem.endswith('?') else '.'}")
        self.about = where, place, problem, kind


@dataclass(slots=True)
class _Count:
    problem: str
    odd: bool
    number: int = 0
    places: list[str] = field(default_factory=list)


class Skipped:
    """Counts of what was not used, by file or source and kind of problem.

    Args:
        strict: raise at the first problem that is ``odd`` instead of counting it.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._counts: dict[tuple[str, str], _Count] = {}

    def add(self, where: str, place: str, problem: str, kind: str = "", *, odd: bool = True) -> None:
        """Count a problem.

        Args:
            where: the file or source; place: the row or item in it.
            kind: the problems it is counted with, by default those of the same words.
            odd: the input is wrong or not understood, rather than empty or about another item.
        """
        if self.strict and odd:
            raise RowError(where, place, problem, kind)
        count = self._counts.setdefault((where, kind or problem), _Count(problem, odd))
        count.number += 1
        if len(count.places) < _SHOWN and place not in count.places:
            count.places.append(place)

    def lines(self, where: str = "", *, odd: bool = False) -> list[str]:
        """A line for each file and kind, optionally of one file or of odd problems only."""
        return [
            f"{file}: {count.number:,} × {count.problem} "
            f"({', '.join(count.places)}{', …' if count.number > len(count.places) else ''})"
            for (file, _), count in self._counts.items()
            if (not where or file == where) and (count.odd or not odd)
        ]

    def warn(self) -> None:
        """Warn of odd problems, for callers that passed no `Skipped`."""
        if lines := self.lines(odd=True):
            warnings.warn("Passed over: " + " | ".join(lines), SafecrsWarning, stacklevel=3)


def quoted(text: str) -> str:
    """``text`` for a message: in quotation marks, escaped, shortened."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
