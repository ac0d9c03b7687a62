"""MPAA reasons labelled by hand, to measure the parser with.

The labels (``mpaa_labels.tsv``) hold no reasons, which are not ours to pass on, but a digest of each; they
are found again in a table of published ones. They were drawn at random by rating from the distinct reasons
(letters only, so that "druguse" is "drug use"). Those of "dev" were read, and partly labelled, while the
lexicon was written. Those of "held-out" were drawn when the parser was finished, labelled without running
it, and measured once; do not tune on them. One person wrote parser and labels, by these conventions, so the
numbers say how faithfully the conventions are carried out, not how well they match what viewers would say:

| mention                                                                | PG | PG-13 | R   | NC-17 |
|------------------------------------------------------------------------|----|-------|-----|-------|
| plain ("violence")                                                     | 1  | 2     | 2   | 3     |
| some                                                                   | 1  | 1     | 2   | 3     |
| brief, mild, "a scene of"                                              | 1  | 1     | 1   |       |
| strong, graphic, pervasive, throughout; bloody, gore, brutal, torture  | 2  | 2     | 3   | 3     |
| brief strong                                                           | 1  | 2     | 2   |       |
| weaker kinds: sensuality, references, humor, action, peril             | 1  | 1     | 2   |       |
| smoking, crude or rude humor                                           | 1  | 1     | 1–2 |       |

Drugs named as content, material, a scene or just as such are a clear yes to "drug use"; references, humor and
dialogue are not. Alcohol is a yes to "alcohol abuse" where abuse, drunkenness or heavy drinking is named. The
first labels took only "use" and "abuse" for a yes; when the convention was widened, for people in recovery,
36 labels gained "drug use", 13 of them held-out, and nothing else was changed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from safecrs.advisories.mpaa_reason import parse_reason
from safecrs.advisories.tables import read_table
from safecrs.errors import SafecrsError
from safecrs.taxonomy import CATEGORIES

Part = Literal["dev", "held-out"]
Reading = tuple[tuple[int, ...], frozenset[str]]
"""Severities over `CATEGORIES`, and the topics that the words clearly speak to."""


@dataclass(frozen=True, slots=True)
class LabelledReason:
    """One reason, its rating, and how a person read it."""

    reason: str
    rating: str
    label: Reading


def labelled_reasons(published: Path, part: Part) -> tuple[list[LabelledReason], int]:
    """The labels of one part whose reasons ``published`` holds (a table with a column "reason"), and how
    many labels there are in all.

    Raises:
        SafecrsError: the table is missing or malformed, or holds none of the reasons.
    """
    reasons = {
        _digest(text): text for row in read_table(published, ["reason"]) if (text := row.cells["reason"])
    }
    found: list[LabelledReason] = []
    labels = 0
    with as_file(files("safecrs.advisories") / "mpaa_labels.tsv") as path:
        for row in read_table(path):
            if row.cells["part"] != part:
                continue
            labels += 1
            if reason := reasons.get(row.cells["reason sha256"]):
                severities = tuple(map(int, row.cells["severities"]))
                topics = frozenset(filter(None, row.cells["topics"].split("|")))
                found.append(LabelledReason(reason, row.cells["rating"], (severities, topics)))
    if not found:
        raise SafecrsError(
            f"{published} holds none of the labelled reasons, word for word; give the table that "
            "docs/data.md names."
        )
    return found, labels


def parsed(item: LabelledReason) -> Reading:
    """What the parser makes of it."""
    said = {statement.subject: statement.value for statement in parse_reason(item.reason, item.rating)}
    return tuple(said.get(name, 0) for name in CATEGORIES), frozenset(said).difference(CATEGORIES)


def _digest(reason: str) -> str:
    return hashlib.sha256(reason.encode()).hexdigest()[:12]
