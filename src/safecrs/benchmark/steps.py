"""Counts of what each step of a build passes on and drops, and on request its rows on disk."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, Literal

from pydantic import BaseModel, TypeAdapter

from safecrs.benchmark.card import Step
from safecrs.benchmark.sources.dialogue import json_lines, open_text
from safecrs.benchmark.store import STEPS
from safecrs.errors import SafecrsError
from safecrs.storage import cannot_write

StepName = Literal["import", "assign", "filter", "disclose", "reason"]
FILES: Mapping[StepName, str] = {
    "import": "01-dialogues.jsonl",
    "assign": "02-traits.jsonl",
    "filter": "03-filtered.jsonl",
    "disclose": "04-disclosed.jsonl",
    "reason": "05-reasoning.jsonl",
}
_ROW = TypeAdapter(dict[str, Any])


class StepLog:
    """Counts for each step and, where a folder is given, one JSON line for each row.

    A row that a step dropped has the reason under "dropped", and is in no file of a later step.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._files: dict[str, IO[str]] = {}
        self._open = ExitStack()
        self._passed: Counter[str] = Counter()
        self._noted: dict[str, Counter[str]] = {name: Counter() for name in FILES}
        self._dropped: dict[str, Counter[str]] = {name: Counter() for name in FILES}

    def __enter__(self) -> StepLog:
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                for name, file in FILES.items():
                    path = self._folder / file
                    self._files[name] = self._open.enter_context(path.open("w", encoding="utf-8"))
            except OSError as error:
                raise cannot_write(self._folder, error) from error
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def passed(self, step: StepName, name: str, note: str = "", **row: object) -> None:
        """``name`` goes on to the next step; ``note`` says how, where a step has several ways."""
        self._passed[step] += 1
        if note:
            self._noted[step][note] += 1
            row["how"] = note
        self._write(step, {"id": name, **row})

    def dropped(self, step: StepName, name: str, reason: str, **row: object) -> None:
        """``name`` goes no further."""
        self._dropped[step][reason] += 1
        self._write(step, {"id": name, "dropped": reason, **row})

    def steps(self) -> tuple[Step, ...]:
        """The counts of every step after the import, whose own are those of the card's sources."""
        return tuple(
            Step(
                name=name,
                given=self._passed[name] + self._dropped[name].total(),
                passed=self._passed[name],
                dropped=dict(sorted(self._dropped[name].items())),
                noted=dict(sorted(self._noted[name].items())),
            )
            for name in FILES
            if name != "import"
        )

    def _write(self, step: StepName, row: Mapping[str, object]) -> None:
        if self._files:
            self._files[step].write(json.dumps(row, ensure_ascii=False, default=BaseModel.model_dump) + "\n")


def read_steps(folder: Path, name: str) -> Iterator[tuple[StepName, dict[str, Any]]]:
    """What each step made of the dialogue ``name``, out of a benchmark that kept its steps."""
    if not (folder / STEPS).is_dir():
        raise SafecrsError(f"{folder} did not keep its steps: build it again with --keep-steps.")
    found = False
    for step, file in FILES.items():
        path = folder / STEPS / file
        with open_text(path) as (lines, _):
            for _, row in json_lines(path, lines, _ROW):
                if row.get("id") == name:
                    found = True
                    yield step, row
    if not found:
        raise SafecrsError(f"{folder} was built from no dialogue {name!r}; {FILES['import']} lists them.")
