"""``safecrs oracle``: compile advisories, explain a verdict, show what is known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from safecrs.catalog import Catalog
from safecrs.cli.check import check
from safecrs.cli.inputs import read_all, read_item_file, tell_skipped
from safecrs.cli.options import DomainOption, Json, OracleFile, check_target, open_oracle
from safecrs.cli.output import console, grid, print_json, progress, say, shown
from safecrs.oracle import Oracle, compile_oracle
from safecrs.taxonomy import load_taxonomy

app = typer.Typer(help="Compile advisories into an oracle and look into it.", no_args_is_help=True)


def _files(text: str) -> Any:
    """An option for files of one source."""
    return typer.Option(help=f"{text} May be given several times.", dir_okay=False)


@app.command("compile")
def compile_(
    out: Annotated[Path, typer.Option(help="Where the compiled oracle goes.", dir_okay=False)],
    items: Annotated[
        list[Path] | None,
        _files(
            "The catalog: a CSV with title, year and, where known, imdb_id, genres, plot; IMDb's "
            "title.basics.tsv.gz; ReDial's JSON movie table; or Reddit-Movie's titles_to_imdb.json. The "
            "starter's by default."
        ),
    ] = None,
    mpaa: Annotated[list[Path] | None, _files("MPAA ratings and reasons.")] = None,
    parents_guide: Annotated[list[Path] | None, _files("IMDb parents-guide severities.")] = None,
    ddd: Annotated[list[Path] | None, _files("DoesTheDogDie votes: API responses or a table.")] = None,
    ddd_table: Annotated[
        list[Path] | None, _files('The ML-DDD sensitivity table: columns "Clear Yes: …".')
    ] = None,
    scores: Annotated[list[Path] | None, _files("Sex, violence, language from 0 to 10.")] = None,
    esrb: Annotated[list[Path] | None, _files("ESRB content descriptors.")] = None,
    csv: Annotated[list[Path] | None, _files("Advisories of your own.")] = None,
    starter: Annotated[bool, typer.Option(help="Compile the starter's own advisories in too.")] = False,
    taxonomy: Annotated[
        Path | None, typer.Option(help="A TOML file with traits that extend or replace ours.", dir_okay=False)
    ] = None,
    paper_fusion: Annotated[
        bool, typer.Option("--paper-fusion", help="The paper's plain maximum instead of ours.")
    ] = False,
    strict: Annotated[
        bool, typer.Option(help="Refuse a file with a row that is not understood, instead of counting it.")
    ] = False,
    domain: DomainOption = "film",
) -> None:
    """Compile a catalog and advisories into one file that every other command takes with --oracle.

    Every table may be gzip-compressed; docs/data.md describes their columns. Of several items with the same
    title and year the first is kept. What is passed over is counted and shown at the end, with the first few
    places. A compiled oracle that is there is replaced.

    Examples:

        safecrs oracle compile --items films.csv --csv advisories.csv --out oracle.safetensors

        safecrs oracle compile --items redial_items.json.gz --mpaa mpaa.tsv.gz --out redial.safetensors

        safecrs oracle compile --items title.basics.tsv.gz --ddd-table ml-ddd.csv --out imdb.safetensors
    """
    from itertools import chain

    from safecrs import advisories
    from safecrs.starter import read_starter

    traits = load_taxonomy(domain)
    if taxonomy:
        traits = traits.extended(taxonomy)
    readers = (
        (mpaa, advisories.read_mpaa),
        (parents_guide, advisories.read_parents_guide),
        (ddd, advisories.read_ddd),
        (ddd_table, advisories.read_ddd_table),
        (scores, advisories.read_scores),
        (esrb, advisories.read_esrb),
        (csv, advisories.read_user_csv),
    )
    files = [(path, reader) for paths, reader in readers for path in paths or ()]
    check_target(out, [path for path, _ in files] + (items or []) + ([taxonomy] if taxonomy else []))
    starter_items, starter_advisories = read_starter(domain)
    skipped = advisories.Skipped(strict=strict)
    with progress() as report:
        report("Read the catalog", 0, 1, "")
        read = (read_item_file(path, skipped) for path in items or ())
        held = chain.from_iterable(read) if items else starter_items
        catalog = Catalog.from_items(held, domain)
        report("Read the catalog", 1, 1, "")
        compiled = compile_oracle(
            catalog,
            chain(read_all(files, report, skipped), starter_advisories if starter or not items else ()),
            traits,
            "paper" if paper_fusion else "applicability",
            skipped,
        )
    compiled.save(out)
    _show_coverage(compiled)
    tell_skipped(skipped)


@app.command()
def explain(
    title: Annotated[str, typer.Argument(help='The item, best with its year: "Watership Down (1978)".')],
    domain: DomainOption = "film",
    oracle: OracleFile = None,
    json: Json = False,
) -> None:
    """Show every trait's risk and verdict, which source said so and in which words.

    Exit status as of `safecrs check` for somebody with every sensitivity, so 1 for nearly every item.

    Example:

        safecrs oracle explain "Watership Down (1978)"
    """

    check(title, domain=domain, oracle=oracle, json=json)


@app.command()
def coverage(domain: DomainOption = "film", oracle: OracleFile = None, json: Json = False) -> None:
    """Show what share of the catalog the oracle can judge, by trait, and from which sources.

    Example:

        safecrs oracle coverage --oracle oracle.safetensors
    """

    opened = open_oracle(oracle, domain)
    if json:
        print_json(opened.coverage())
    else:
        _show_coverage(opened)


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="A compiled oracle.", dir_okay=False)],
) -> None:
    """Read a compiled oracle through and compare it to its checksums.

    Oracles up to 256 MiB are checked whenever they are opened; of larger ones only the header is.

    Example:

        safecrs oracle verify oracle.safetensors
    """

    checked = Oracle.load(file, whole=True)
    say(f"{file} is whole: {len(checked.catalog):,} items, fingerprint {checked.fingerprint}.")


def _show_coverage(oracle: Oracle) -> None:

    screen, facts = console(), oracle.coverage()
    screen.print(f"{facts.items:,} items, {facts.advised:,} of them with advisories")
    for source, count in facts.sources.items():
        screen.print(
            f"  {shown(source)}: {count.advisories:,} advisories, {count.resolved:,} of catalog items"
        )
    table = grid("sensitivity", "known", "unsafe", right=("known", "unsafe"))
    for trait in oracle.taxonomy.traits:
        held = oracle.taxonomy.constraints([trait.id])
        known = 1 - oracle.unknown(held).mean()
        table.add_row(trait.id, f"{known:.0%}", f"{oracle.unsafe(held).mean():.0%}")
    screen.print(table)
