"""``safecrs recommend``: a slate for a conversation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from safecrs.catalog import make_label
from safecrs.cli.options import (
    DomainOption,
    Embeddings,
    Json,
    Llm,
    LlmModel,
    LlmOnly,
    OracleFile,
    Traits,
    check_domain,
    named_constraints,
    named_detector,
    open_oracle,
    read_text,
)
from safecrs.cli.output import console, shown
from safecrs.recommenders.filtered import Unknown


def recommend(
    text: Annotated[str, typer.Argument(help='What the person wrote; "-" reads it from standard input.')],
    trait: Traits = None,
    k: Annotated[
        int | None,
        typer.Option(
            "-k", min=1, max=100, help="How many items.", show_default="as many as asked for, or 10"
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            help="The folder of a trained model or a saved recommender, as training writes one.",
            file_okay=False,
            show_default=False,
        ),
    ] = None,
    allow_unknown: Annotated[
        bool,
        typer.Option("--allow-unknown", help="Also items on which no source can say whether they are safe."),
    ] = False,
    detect: Annotated[
        bool, typer.Option("--detect/--no-detect", help="Read sensitivities out of the text.")
    ] = True,
    embeddings: Embeddings = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    llm_only: LlmOnly = False,
    domain: DomainOption = "film",
    oracle: OracleFile = None,
    json: Json = False,
) -> None:
    """Recommend items that respect what the person disclosed. Nothing is stored.

    Nothing leaves this machine either, unless --llm names an endpoint that reads sensitivities too: the text
    is sent there then.

    Examples:

        safecrs recommend "something like Big Fish, it has been a hard year since my brother's suicide"

        safecrs recommend "a thriller for tonight" --trait animal_harm -k 5

        safecrs recommend "space films like Alien" --model runs/demo/safe-gdpo/model

        safecrs recommend "space films like Alien" --llm http://localhost:8000/v1 --llm-model Qwen/Qwen3-8B
    """
    from safecrs.detection import Combined, Told
    from safecrs.recommenders.manifest import Manifest, build_recommender, load_recommender

    reads = (named_detector(llm, llm_model, llm_only, embeddings),) if detect else ()
    detector = Combined((Told(), *reads))
    unknown: Unknown | None = "allow" if allow_unknown else None
    judge = open_oracle(oracle, domain) if oracle else None
    if model is not None:
        recommender = load_recommender(model, oracle=judge, detector=detector, unknown=unknown)
        check_domain(model, recommender.oracle, domain)
    else:
        manifest = Manifest(domain=domain)
        recommender = build_recommender(manifest, oracle=judge, detector=detector, unknown=unknown)
    told = named_constraints(trait, recommender.oracle.taxonomy)
    answer = recommender.recommend(read_text(text), thresholds=told, k=k)
    if json:
        from safecrs.cli.output import print_json

        print_json(answer)
        return

    from safecrs.recommenders.words import wish_words

    screen = console()
    taxonomy = recommender.oracle.taxonomy
    for name in answer.constraints:
        said = [f"“{shown(found.text)}”" for found in answer.disclosures if found.trait == name]
        screen.print(f"Leaving out {shown(taxonomy.trait(name).avoid)}" + (f" ({said[0]})" if said else ""))
    if detect and not answer.constraints:
        screen.print("No sensitivity found in this text; what it should respect can be named with --trait.")
    heard = [wish_words(wish) for wish in answer.preferences.stated if wish.facet != "text"]
    heard += [f"like {item.title}" for item in answer.preferences.named if item.role in ("liked", "more")]
    if heard:
        screen.print(f"Looking for: {shown('; '.join(dict.fromkeys(heard)))}")
    if answer.preferences.not_understood:
        left = ", ".join(f"“{words}”" for words in answer.preferences.not_understood)
        screen.print(f"Not understood: {shown(left)}")
    if answer.relaxed:
        screen.print(f"Nothing safe has all of that; not met by all: {shown(', '.join(answer.relaxed))}")
    if not answer.suggestions:
        screen.print("Nothing in the catalog is known to be safe for this; try --allow-unknown.")
    for rank, item in enumerate(answer.suggestions, start=1):
        label = make_label(item.title, item.year)
        why = f"  [dim]{shown(item.why)}[/]" if item.why else ""
        screen.print(
            f"{rank:>2}. {shown(label)}{why}" + (f"  [yellow]{shown(item.note)}[/]" if item.note else "")
        )
    if answer.question:
        screen.print(answer.question)
