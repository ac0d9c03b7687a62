"""Answers kept on disk, so that interrupted work resumes."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from safecrs.errors import SafecrsError
from safecrs.storage import cannot_write, check_writable, parse_json


class Answers(Protocol):
    """Where `Endpoint.chat_many` keeps answers, by a key that stands for everything that was asked."""

    def get(self, key: str) -> str | None:
        """The answer kept under ``key``."""

    def put(self, key: str, text: str) -> None:
        """Keep an answer."""


class AnswerFile:
    """Answers in a file of JSON lines, each written as it comes; a line that a crash cut off is left out.

    The file holds what the model wrote, which may repeat what the conversations disclose: it is for
    benchmarks, not for what real people said.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: dict[str, str] = {}
        check_writable(path)
        try:
            lines = path.read_bytes().split(b"\n") if path.exists() else []
        except OSError as error:
            raise SafecrsError(f"Cannot read {path}: {error.strerror or error}.") from error
        for line in lines:
            with suppress(SafecrsError, UnicodeDecodeError, LookupError, TypeError):
                entry = parse_json(line.decode(), str(path))
                self._held[str(entry["key"])] = str(entry["answer"])
        if any(lines) and not self._held:
            raise SafecrsError(f"{path} does not hold answers of an endpoint; choose another path.")
        self._torn = bool(lines) and lines[-1] != b""

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: str) -> str | None:
        """The answer kept under ``key``."""
        return self._held.get(key)

    def put(self, key: str, text: str) -> None:
        """Append an answer."""
        line = json.dumps({"key": key, "answer": text}, ensure_ascii=True) + "\n"
        try:
            with self._path.open("a", encoding="ascii") as file:
                file.write("\n" + line if self._torn else line)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        self._torn = False
        self._held[key] = text
