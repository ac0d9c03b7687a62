"""A conversation with a taste behind it, before any sensitivity is assigned: what importers deliver."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safecrs.benchmark.sample import Split
from safecrs.conversation import Message, Role
from safecrs.errors import SafecrsError


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A request for recommendations and what the person then liked, as catalog rows.

    Attributes:
        messages: the user's turn last.
        seen: rows named in ``messages``.
        liked: rows of the answer, best first, none of them in ``seen``.
    """

    id: str
    split: Split
    source: str
    messages: tuple[Message, ...]
    seen: tuple[int, ...]
    liked: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """Dialogues of one source, and how many it read and dropped, by reason."""

    source: str
    licence: str
    dialogues: tuple[Dialogue, ...]
    read: int
    dropped: dict[str, int] = field(default_factory=dict)
    fingerprint: str = ""


def merge_turns(utterances: Iterable[tuple[Role, str]]) -> tuple[Message, ...]:
    """Utterances as messages: neighbours of one speaker joined, no empty ones, the user's last."""
    merged: list[tuple[Role, list[str]]] = []
    for role, text in utterances:
        text = " ".join(text.split())
        if not text:
            continue
        if merged and merged[-1][0] == role:
            merged[-1][1].append(text)
        else:
            merged.append((role, [text]))
    while merged and merged[-1][0] != "user":
        merged.pop()
    return tuple(Message(role=role, content=_sentences(texts)) for role, texts in merged)


def _sentences(texts: list[str]) -> str:
    ended = [text if text[-1] in ".!?:;,…" else text + "." for text in texts[:-1]]
    return " ".join([*ended, texts[-1]])


def read_source(path: Path) -> str:
    """The text of a file, gzipped or not.

    Raises:
        SafecrsError: the file is missing or is not UTF-8 text.
    """
    try:
        with (
            gzip.open(path, "rt", encoding="utf-8")
            if path.suffix == ".gz"
            else path.open(encoding="utf-8") as file
        ):
            return file.read()
    except FileNotFoundError as error:
        raise SafecrsError(f"{path} does not exist.") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise SafecrsError(f"{path} is not a readable text file ({error}).") from error


def parse_json(text: str, where: str) -> Any:
    """A JSON value; ``where`` names file and row in the error.

    Raises:
        SafecrsError: ``text`` is not JSON.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise SafecrsError(f"{where} is not JSON ({error}).") from error
