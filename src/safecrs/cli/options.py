"""Options that several commands share."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.errors import SafecrsError
from safecrs.taxonomy import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from safecrs.benchmark import Split
    from safecrs.oracle import Oracle


class DomainChoice(StrEnum):
    """Films or games."""

    film = "film"
    game = "game"


Traits = Annotated[
    list[str] | None,
    typer.Option("--trait", "-t", help="A sensitivity to respect; may be given several times."),
]
Threshold = Annotated[
    float,
    typer.Option(
        min=0.01, max=1.0, help="Risk from which an item is unsafe for this person (lower is stricter)."
    ),
]
DomainOption = Annotated[DomainChoice, typer.Option("--domain", help="What is recommended.")]
OracleFile = Annotated[
    Path | None, typer.Option("--oracle", help="A compiled oracle; the starter's by default.", dir_okay=False)
]
Embeddings = Annotated[
    bool,
    typer.Option(
        "--embeddings", help="Also look for oblique disclosures with sentence embeddings (an extra)."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
DEFAULT = DEFAULT_THRESHOLD


def open_oracle(path: Path | None, domain: DomainChoice) -> Oracle:
    """The compiled oracle in ``path``, or the starter's."""
    from safecrs.oracle import Oracle, load_starter

    return load_starter(domain.value) if path is None else Oracle.load(path)


def split_named(text: str, *more: str) -> Split:
    """The split of that name; ``more`` are other words that the option takes.

    Raises:
        SafecrsError: there is none.
    """
    from safecrs.benchmark import SPLITS

    for name in SPLITS:
        if name == text:
            return name
    raise SafecrsError(f"There is no split {text!r}: choose {', '.join((*SPLITS, *more))}.")


def read_text(text: str) -> str:
    """``text``, or standard input when it is "-": what a person discloses need not be on a command line."""
    if text != "-":
        return text
    try:
        return sys.stdin.read()
    except UnicodeDecodeError as error:
        raise SafecrsError("Standard input is not UTF-8 text.") from error
