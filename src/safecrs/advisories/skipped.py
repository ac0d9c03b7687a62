"""What was passed over while files were read and matched: how often, and the first few places."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from safecrs.errors import SafecrsError

_SHOWN = 3
_LONGEST = 60


class RowError(SafecrsError):
    """A row that cannot be used: its file and place, what is wrong, and under what that is counted."""

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
        strict: raise at the first odd thing instead of counting it.
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.strict = strict
        self._counts: dict[tuple[str, str], _Count] = {}

    def add(self, where: str, place: str, problem: str, kind: str = "", *, odd: bool = True) -> None:
        """Count a problem.

        Args:
            where: the file or source; place: the row or item in it.
            kind: what it is counted under, by default the words of ``problem``.
            odd: it is wrong or unknown, not just silent or about something else.

        Raises:
            RowError: it is odd, and this is strict.
        """
        if self.strict and odd:
            raise RowError(where, place, problem, kind)
        count = self._counts.setdefault((where, kind or problem), _Count(problem, odd))
        count.number += 1
        if len(count.places) < _SHOWN and place not in count.places:
            count.places.append(place)

    def lines(self, where: str = "", *, odd: bool = False) -> list[str]:
        """A line for each file and kind; only of the file ``where``, only of ``odd`` things."""
        return [
            f"{file}: {count.number:,} × {count.problem} "
            f"({', '.join(count.places)}{', …' if count.number > len(count.places) else ''})"
            for (file, _), count in self._counts.items()
            if (not where or file == where) and (count.odd or not odd)
        ]

    def warn(self) -> None:
        """Warn of what was odd: for callers that gave no `Skipped` of their own."""
        if lines := self.lines(odd=True):
            warnings.warn("Passed over: " + " | ".join(lines), stacklevel=3)


def quoted(text: str) -> str:
    """``text`` as messages show it: in quotation marks, escaped, cut where it is long."""
    return repr(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…")
