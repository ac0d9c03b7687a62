"""``safecrs traits``: what does this conversation disclose?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.cli.options import (
    DomainChoice,
    DomainOption,
    Embeddings,
    Json,
    Llm,
    LlmModel,
    LlmOnly,
    named_reader,
    read_text,
)
from safecrs.errors import SafecrsError


def traits(
    text: Annotated[
        str | None, typer.Argument(help='What the person wrote; "-" reads it from standard input.')
    ] = None,
    embeddings: Embeddings = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    llm_only: LlmOnly = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Tell how well it does on the labelled turns instead.")
    ] = False,
    dialogues: Annotated[
        Path | None,
        typer.Option(
            help="With --measure: folder of the real ReDial and INSPIRED dialogues.", file_okay=False
        ),
    ] = None,
    domain: DomainOption = DomainChoice.film,
    json: Json = False,
) -> None:
    """Find the sensitivities that a message discloses, with the words that do. Nothing is stored.

    Nothing leaves this machine either, unless --llm names an endpoint: the message is sent there then.

    Examples:

        safecrs traits "my daughter is terrified of spiders, what can we watch?"

        cat message.txt | safecrs traits - --json

        safecrs traits --measure --dialogues DATA/conversations

        cat message.txt | safecrs traits - --llm http://localhost:8000/v1 --llm-model Qwen/Qwen3-8B
    """
    if measure:
        if text is not None or llm or llm_model or llm_only:
            raise SafecrsError(
                "--measure takes no message, and measures what works without --llm: leave those out."
            )
        _measure(dialogues, embeddings, json)
        return
    if text is None:
        raise SafecrsError('Give what the person wrote, "-" to read it from standard input, or --measure.')
    if dialogues is not None:
        raise SafecrsError("--dialogues says what to measure on: give it with --measure.")
    from safecrs.cli.output import console, print_json, shown
    from safecrs.conversation import conversation
    from safecrs.detection import detect_traits, load_finder
    from safecrs.taxonomy import load_taxonomy

    reader = named_reader(llm, llm_model, llm_only, embeddings)
    taxonomy = load_taxonomy(domain.value)
    finder = load_finder() if embeddings else None
    found = detect_traits(conversation(read_text(text)), taxonomy, finder=finder, reader=reader)
    if json:
        print_json(found)
        return
    screen = console()
    if not found:
        screen.print("No sensitivity found.")
    for disclosure in found:
        name = taxonomy.trait(disclosure.trait).name
        screen.print(
            f"[bold]{disclosure.trait}[/]  {disclosure.probability:.0%}  {shown(name)}: "
            f"“{shown(disclosure.text)}”"
        )


def _measure(dialogues: Path | None, embeddings: bool, json: bool) -> None:
    from safecrs.cli.output import console, print_json
    from safecrs.cli.traits_measured import measurement_tables
    from safecrs.detection import load_finder
    from safecrs.detection.measurement import measure_detection

    measurement = measure_detection(dialogues, load_finder() if embeddings else None)
    if json:
        print_json(measurement)
        return
    screen = console()
    for table in measurement_tables(measurement):
        screen.print(table, "")
