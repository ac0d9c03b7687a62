"""Text for fitting and measuring detection: turns labelled by hand, and real dialogues.

The turns lie in ``data/turns``. Of the real dialogues, what the seekers of ReDial and INSPIRED say, false
alarms are counted; ``data/turns/real.toml`` names those that do disclose something.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from safecrs.conversation import Conversation, Message
from safecrs.detection.strength import Strength
from safecrs.errors import SafecrsError
from safecrs.taxonomy import Domain

TURNS = Path(__file__).resolve().parents[1] / "data" / "turns"
Kind = Literal["explicit", "implicit", "family", "several", "negated", "other_person", "fiction", "none"]
Split = Literal["dev", "held_out", "fresh", "later", "threshold_dev", "threshold_held_out"]
REDIAL = "redial_dialogues.jsonl.gz"
INSPIRED = "inspired_dialogues.tsv.gz"
Half = Literal["dev", "other"]
_MENTION = re.compile(r"@(\d+)")


class Turn(BaseModel, frozen=True, extra="forbid"):
    """What somebody might write, and the traits it discloses (often none).

    ``strength``: those of its traits whose threshold the words make stricter or laxer than usual.
    """

    kind: Kind
    domain: Domain
    traits: tuple[str, ...]
    strength: Mapping[str, Strength] = Field(default_factory=dict)
    text: str = Field(min_length=1)


@cache
def load_turns(split: Split) -> tuple[Turn, ...]:
    """The turns of one file; ``data/turns/README.md`` tells what each may be used for.

    Raises:
        SafecrsError: a row is damaged; names it.
    """
    path = TURNS / f"{split}.jsonl"
    turns: list[Turn] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            turns.append(Turn.model_validate(json.loads(line)))
        except (json.JSONDecodeError, ValidationError) as error:
            raise SafecrsError(f"{path.name} row {number} is not a labelled turn.") from error
    return tuple(turns)


def load_oblique() -> list[tuple[str | None, str]]:
    """The sentences of ``oblique.toml`` with the trait that each discloses, or None."""
    oblique = tomllib.loads((TURNS / "oblique.toml").read_text(encoding="utf-8"))
    pairs = [(trait, sentence) for trait, listed in oblique["disclosed"].items() for sentence in listed]
    return [*pairs, *((None, sentence) for sentence in oblique["none"])]


@dataclass(frozen=True, slots=True)
class RealDialogue:
    """One dialogue; its words stay out of the repr.

    ``half``: rules may be changed after reading alarms in "dev", never in "other"; by a hash of the id.
    """

    id: str
    messages: Conversation = field(repr=False)

    @property
    def half(self) -> Half:  # noqa: D102
        return "dev" if hashlib.sha256(self.id.encode()).digest()[-1] % 2 == 0 else "other"


def read_dialogues(folder: Path) -> list[RealDialogue]:
    """The dialogues of ``redial_dialogues.jsonl.gz`` and ``inspired_dialogues.tsv.gz`` in ``folder``.

    Raises:
        SafecrsError: neither file is there, or one is damaged.
    """
    readers = {folder / REDIAL: _redial, folder / INSPIRED: _inspired}
    if not any(path.exists() for path in readers):
        raise SafecrsError(f"{folder} holds neither {REDIAL} nor {INSPIRED}.")
    dialogues: list[RealDialogue] = []
    for path in filter(Path.exists, readers):
        try:
            dialogues += readers[path](gzip.decompress(path.read_bytes()).decode("utf-8"))
        except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SafecrsError(f"{path} is not the file of dialogues that its name says.") from error
    return dialogues


def disclosing() -> frozenset[str]:
    """Ids of the dialogues that disclose a sensitivity, as read by hand (``data/turns/real.toml``)."""
    return frozenset(tomllib.loads((TURNS / "real.toml").read_text(encoding="utf-8"))["disclosing"])


def _redial(text: str) -> Iterator[RealDialogue]:
    for line in text.splitlines():
        record = json.loads(line)
        names = record["movieMentions"] or {}
        seeker = record["initiatorWorkerId"]
        said = [
            (message["senderWorkerId"] == seeker, _named(message["text"], names))
            for message in record["messages"]
        ]
        yield RealDialogue(f"redial:{record['conversationId']}", _conversation(said))


def _named(text: str, names: Mapping[str, str | None]) -> str:
    """``text`` with titles in place of ids such as "@1234"."""
    return _MENTION.sub(lambda match: names.get(match[1]) or "that film", text)


def _inspired(text: str) -> Iterator[RealDialogue]:
    rows: dict[str, list[tuple[bool, str]]] = {}
    for row in csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        said = row["text"].replace("QUOTATION_MARK", '"')
        rows.setdefault(row["dialog_id"], []).append((row["speaker"] == "SEEKER", said))
    for name, said_by in rows.items():
        yield RealDialogue(f"inspired:{name}", _conversation(said_by))


def _conversation(said: list[tuple[bool, str]]) -> Conversation:
    return tuple(
        Message(role="user" if user else "assistant", content=text.strip())
        for user, text in said
        if text.strip()
    )
