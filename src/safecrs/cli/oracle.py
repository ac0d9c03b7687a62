"""``safecrs oracle``: compile advisories, explain a verdict, show what is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import DomainChoice, DomainOption, Json, OracleFile, open_oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from safecrs.advisories import Advisory
    from safecrs.oracle import Oracle

app = typer.Typer(help="Compile advisories into an oracle and look into it.", no_args_is_help=True)

Files = Annotated[list[Path] | None, typer.Option(dir_okay=False)]


@app.command("compile")
def compile_(
    out: Annotated[Path, typer.Option(help="Where the compiled oracle goes.", dir_okay=False)],
    items: Annotated[
        Path | None,
        typer.Option(
            help="The catalog: a CSV with title, year and, where known, imdb_id, genres, plot; or ReDial's "
            "JSON movie table. The starter's by default.",
            dir_okay=False,
        ),
    ] = None,
    mpaa: Files = None,
    parents_guide: Files = None,
    ddd: Files = None,
    scores: Files = None,
    esrb: Files = None,
    csv: Files = None,
    starter: Annotated[bool, typer.Option(help="Compile the starter's own advisories in too.")] = False,
    taxonomy: Annotated[
        Path | None, typer.Option(help="A TOML file with traits that extend or replace ours.", dir_okay=False)
    ] = None,
    paper_fusion: Annotated[
        bool, typer.Option("--paper-fusion", help="The paper's plain maximum instead of ours.")
    ] = False,
    domain: DomainOption = DomainChoice.film,
) -> None:
    """Compile a catalog and advisories into one file that every other command takes with --oracle.

    Each source may be given several times; see the README for their columns.

    Examples:

        safecrs oracle compile --items films.csv --csv advisories.csv --out oracle.safetensors

        safecrs oracle compile --items redial_items.json.gz --mpaa mpaa.tsv.gz --out redial.safetensors
    """
    from safecrs import advisories
    from safecrs.catalog import Catalog
    from safecrs.catalog.items_csv import read_items
    from safecrs.oracle import compile_oracle
    from safecrs.starter import read_starter
    from safecrs.taxonomy import load_taxonomy

    starter_items, starter_advisories = read_starter(domain.value)
    if items is None:
        catalog = Catalog.from_items(starter_items, domain.value)
    elif items.name.removesuffix(".gz").endswith(".json"):
        from safecrs.benchmark import read_redial_items

        catalog = Catalog.from_items(read_redial_items(items).values(), domain.value)
    else:
        catalog = Catalog.from_items(read_items(items), domain.value)
    readers = (
        (mpaa, advisories.read_mpaa),
        (parents_guide, advisories.read_parents_guide),
        (ddd, advisories.read_ddd),
        (scores, advisories.read_scores),
        (esrb, advisories.read_esrb),
        (csv, advisories.read_user_csv),
    )

    def read() -> Iterator[Advisory]:
        for paths, reader in readers:
            for path in paths or ():
                yield from reader(path)
        if starter or items is None:
            yield from starter_advisories

    traits = load_taxonomy(domain.value)
    compiled = compile_oracle(
        catalog,
        read(),
        traits.extended(taxonomy) if taxonomy else traits,
        "paper" if paper_fusion else "applicability",
    )
    compiled.save(out)
    _show_coverage(compiled)


@app.command()
def explain(
    title: Annotated[str, typer.Argument(help='The item, best with its year: "Watership Down (1978)".')],
    domain: DomainOption = DomainChoice.film,
    oracle: OracleFile = None,
    json: Json = False,
) -> None:
    """Show every trait's risk and verdict, which source said so and in which words.

    Example:

        safecrs oracle explain "Watership Down (1978)"
    """
    from safecrs.cli.check import check

    check(title, domain=domain, oracle=oracle, json=json)


@app.command()
def coverage(domain: DomainOption = DomainChoice.film, oracle: OracleFile = None, json: Json = False) -> None:
    """Show what share of the catalog the oracle can judge, by trait, and from which sources."""
    from safecrs.cli.output import print_json

    opened = open_oracle(oracle, domain)
    if json:
        print_json(opened.coverage())
    else:
        _show_coverage(opened)


def _show_coverage(oracle: Oracle) -> None:
    from rich.markup import escape
    from rich.table import Table

    from safecrs.cli.output import console

    screen, facts = console(), oracle.coverage()
    screen.print(f"{facts.items:,} items, {facts.advised:,} of them with advisories")
    for source, count in facts.sources.items():
        screen.print(
            f"  {escape(source)}: {count.advisories:,} advisories, {count.resolved:,} of catalog items"
        )
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("sensitivity", "known", "unsafe"):
        table.add_column(column, justify="left" if column == "sensitivity" else "right")
    for trait in oracle.taxonomy.traits:
        held = oracle.taxonomy.constraints([trait.id])
        known = 1 - oracle.unknown(held).mean()
        table.add_row(trait.id, f"{known:.0%}", f"{oracle.unsafe(held).mean():.0%}")
    screen.print(table)
