"""``safecrs traits``: the sensitivities that a message discloses."""

from __future__ import annotations

from typing import Annotated

import typer

from safecrs.cli.options import (
    DomainOption,
    Embeddings,
    Json,
    Llm,
    LlmModel,
    LlmOnly,
    named_detector,
    read_text,
)
from safecrs.cli.output import console, print_json, shown
from safecrs.conversation import conversation
from safecrs.taxonomy import load_taxonomy


def traits(
    text: Annotated[str, typer.Argument(help='The message; "-" reads it from standard input.')],
    embeddings: Embeddings = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    llm_only: LlmOnly = False,
    domain: DomainOption = "film",
    json: Json = False,
) -> None:
    """Detect the sensitivities that a message discloses, and show the words that do. Nothing is stored.

    Nothing leaves this machine, unless --llm names an endpoint: the message is sent there then.

    Examples:

        safecrs traits "my daughter is terrified of spiders, what can we watch?"

        cat message.txt | safecrs traits - --json

        cat message.txt | safecrs traits - --llm http://localhost:8000/v1 --llm-model Qwen/Qwen3-8B
    """

    taxonomy = load_taxonomy(domain)
    detector = named_detector(llm, llm_model, llm_only, embeddings)
    found = detector.detect(conversation(read_text(text)), {}, taxonomy).disclosures
    if json:
        print_json({"understood": found})
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
