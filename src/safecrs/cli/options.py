"""Options that several commands share."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, load_starter
from safecrs.storage import check_writable
from safecrs.taxonomy import DEFAULT_THRESHOLD, Domain, Taxonomy, merge_constraints

if TYPE_CHECKING:
    from safecrs.detection import Detector
    from safecrs.endpoint import Endpoint


Traits = Annotated[
    list[str] | None,
    typer.Option(
        "--trait",
        "-t",
        metavar="NAME[=RISK]",
        help="A sensitivity to respect, and the risk from which an item is unsafe for it (0.66; lower is"
        " stricter); may be given several times.",
    ),
]
Threshold = Annotated[
    float,
    typer.Option(
        min=0.01, max=1.0, help="Risk from which an item is unsafe for this person (lower is stricter)."
    ),
]
DomainOption = Annotated[Domain, typer.Option("--domain", help="What is recommended.")]
OracleFile = Annotated[
    Path | None, typer.Option("--oracle", help="A compiled oracle; the starter's by default.", dir_okay=False)
]
Embeddings = Annotated[
    bool,
    typer.Option(
        "--embeddings", help="Also detect disclosures by their meaning, with sentence embeddings (an extra)."
    ),
]
Llm = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="URL",
        help="An OpenAI-compatible endpoint to ask too: conversations are sent there, and else nowhere."
        " The key is read from the environment variable SAFECRS_API_KEY.",
        show_default=False,
    ),
]
LlmModel = Annotated[
    str | None,
    typer.Option(
        "--llm-model", metavar="NAME", help="The model that the endpoint serves.", show_default=False
    ),
]
LlmOnly = Annotated[
    bool,
    typer.Option("--llm-only", help="Take the endpoint's findings instead of adding them to the rules' own."),
]
SplitName = Literal["train", "validation", "test"]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for a script.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
PresetName = Annotated[
    str | None,
    typer.Option(
        "--preset",
        help="One of `safecrs train presets`, or a TOML file of your own; by default the model's.",
    ),
]
Set = Annotated[
    list[str] | None, typer.Option("--set", help="Override a setting of the preset: sft.learning_rate=1e-4")
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", help="tiny, smollm2, a model folder or a downloaded model's hub id, not the preset's."
    ),
]


def open_oracle(path: Path | None, domain: Domain = "film") -> Oracle:
    """The compiled oracle in ``path``, or the starter's."""

    if path is None:
        return load_starter(domain)
    oracle = Oracle.load(path)
    check_domain(path, oracle, domain)
    return oracle


def check_domain(path: Path, oracle: Oracle, domain: Domain) -> None:
    """Refuse --domain game beside a file or folder whose oracle judges films; film is the default."""
    if domain != "film" and oracle.catalog.domain != domain:
        raise SafecrsError(f"{path} judges {oracle.catalog.domain}s; leave out --domain {domain}.")


def refuse(*wrong: tuple[object, str]) -> None:
    """Raise the sentence of the first condition that holds: what is wrong with the options given."""
    for holds, sentence in wrong:
        if holds:
            raise SafecrsError(sentence)


def check_target(out: Path, inputs: Iterable[Path]) -> None:
    """Refuse to write over what the command reads, and, before the work, where nothing can be written."""

    if out.resolve() in {path.resolve() for path in inputs}:
        raise SafecrsError(f"{out} is also an input of this command; give --out another name.")
    check_writable(out)


def named_endpoint(url: str | None, model: str | None, concurrency: int = 8) -> Endpoint | None:
    """The endpoint of ``--llm`` and ``--llm-model``; None without them.

    Raises:
        SafecrsError: there is one without the other, or the address is not one.
    """
    if url is None and model is None:
        return None
    if url is None or model is None:
        raise SafecrsError("An endpoint needs both: its address (--llm) and a model's name (--llm-model).")
    from safecrs.endpoint import Endpoint

    return Endpoint(url, model, concurrency=concurrency)


def named_detector(url: str | None, model: str | None, only: bool, embeddings: bool) -> Detector:
    """The rules, with embeddings and the endpoint of ``--llm`` added as asked, or that endpoint alone.

    Raises:
        SafecrsError: the options contradict each other.
    """
    from safecrs.detection import Combined, EndpointDetector, RuleDetector, load_embedding_detector

    endpoint = named_endpoint(url, model)
    if only and (endpoint is None or embeddings):
        raise SafecrsError("--llm-only needs --llm and excludes --embeddings.")
    if endpoint is not None and only:
        return EndpointDetector(endpoint)
    rules = RuleDetector(load_embedding_detector() if embeddings else None)
    return Combined((rules, EndpointDetector(endpoint))) if endpoint else rules


def command_line() -> str:
    """What was typed, for the record of what was made: as it could be typed again.

    The user's own folder is ``~``: its name is often theirs, and a model card is for others.
    """
    home = os.environ.get("HOME", "").rstrip("/")
    words: list[str] = []
    for argument in sys.argv[1:]:
        option, _, value = argument.partition("=")
        # A shell knows ~ only at the beginning of a word.
        split = option.startswith("--") and _below(home, value)
        words += [option, value] if split else [argument]
    return " ".join(["safecrs", *(_typed(word, home) for word in words)])


def _typed(word: str, home: str) -> str:
    return f"~/{shlex.quote(word.removeprefix(f'{home}/'))}" if _below(home, word) else shlex.quote(word)


def _below(home: str, path: str) -> bool:
    return bool(home) and path.startswith(f"{home}/")


def read_text(text: str) -> str:
    """``text``, or standard input when it is "-": what a person discloses need not be on a command line."""
    if text != "-":
        return text
    if sys.stdin is None:
        raise SafecrsError("Standard input is closed; give the text itself.")
    try:
        # In some locales standard input decodes any byte; not so here.
        buffer = getattr(sys.stdin, "buffer", None)
        return (io.TextIOWrapper(buffer, encoding="utf-8") if buffer else sys.stdin).read()
    except UnicodeDecodeError as error:
        raise SafecrsError("Standard input is not UTF-8 text.") from error


def named_constraints(
    named: list[str] | None, taxonomy: Taxonomy, threshold: float = DEFAULT_THRESHOLD
) -> dict[str, float]:
    """Constraints of ``--trait`` options: gore, ``gore=0.2``; of two for one trait the stricter holds."""
    given: list[dict[str, float]] = []
    for text in named or ():
        name, equals, value = text.partition("=")
        try:
            given.append(taxonomy.constraints([name], float(value) if equals else threshold))
        except ValueError:  # without the name: it may be somebody's sensitivity
            raise SafecrsError(
                "Give a sensitivity's risk as a number above 0 and up to 1: --trait NAME=0.2."
            ) from None
    return merge_constraints(*given)
