"""The commands of ``safecrs data`` that build a benchmark: one a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.data_target import Common, KeepSteps, Llm, Out, Overwrite, build
from safecrs.cli.options import DomainChoice, LlmModel, OracleFile, Seed, open_oracle, split_named
from safecrs.errors import SafecrsError

if TYPE_CHECKING:
    from safecrs.benchmark import Benchmark, BuildOptions, Split
    from safecrs.oracle import Oracle

Lines = Annotated[Path | None, typer.Option(help="The requests of this split, JSON lines.", dir_okay=False)]


def starter(
    out: Out,
    seed: Seed = 0,
    keep_steps: KeepSteps = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-Starter: MovieLens tastes in template conversations, judged by the starter oracle.

    Example:

        safecrs data starter --out runs/starter
    """
    from safecrs.benchmark import build_starter

    common = Common(out, overwrite, seed, keep_steps, llm, llm_model)
    build(lambda options: build_starter(options=options), common)


def movielens(
    folder: Annotated[
        Path, typer.Argument(help="A MovieLens download: movies.csv and ratings.csv.", file_okay=False)
    ],
    out: Out,
    oracle: OracleFile = None,
    seed: Seed = 0,
    keep_steps: KeepSteps = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    overwrite: Overwrite = False,
) -> None:
    """Build the same as `starter` from a MovieLens download of any size.

    Example:

        safecrs data movielens ml-latest-small --out runs/movielens
    """
    from safecrs.benchmark import build_starter, read_movielens

    def make(options: BuildOptions) -> Benchmark:
        judge = open_oracle(oracle, DomainChoice.film)
        options.report("Read the ratings", 0, 1, "")
        interactions = read_movielens(folder, judge.catalog)
        options.report("Read the ratings", 1, 1, "")
        return build_starter(judge, interactions, options)

    build(make, Common(out, overwrite, seed, keep_steps, llm, llm_model))


def redial(
    out: Out,
    dialogues: Annotated[Path, typer.Option(help="ReDial dialogues, JSON lines (.gz too).", dir_okay=False)],
    items: Annotated[Path, typer.Option(help="ReDial's movie table, JSON (.gz too).", dir_okay=False)],
    mpaa: Annotated[Path, typer.Option(help="MPAA ratings and reasons (.gz too).", dir_okay=False)],
    seed: Seed = 0,
    keep_steps: KeepSteps = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-ReDial: real dialogues, judged by MPAA reasons and the starter's advisories.

    Example:

        safecrs data redial --dialogues redial_dialogues.jsonl.gz --items redial_items.json.gz
        --mpaa mpaa_rating_reasons.tsv.gz --out runs/redial
    """
    from safecrs.benchmark.recipes import table

    common = Common(out, overwrite, seed, keep_steps, llm, llm_model)
    build(lambda options: table.redial(dialogues, items, mpaa, options), common)


def inspired(
    dialogues: Annotated[Path, typer.Argument(help="INSPIRED's utterances, TSV (.gz too).", dir_okay=False)],
    out: Out,
    oracle: OracleFile = None,
    seed: Seed = 0,
    keep_steps: KeepSteps = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-INSPIRED: real dialogues for testing, template conversations for training.

    Dialogues about films that the oracle does not hold are dropped, and the starter's lacks many. Compile one
    over more, such as ReDial's and Reddit-Movie's (`safecrs oracle compile --starter --items … --items …`).

    Example:

        safecrs data inspired inspired_dialogues.tsv.gz --oracle films.safetensors --out runs/inspired
    """
    from safecrs.benchmark import build_inspired
    from safecrs.benchmark.recipes.table import installed_ratings

    def make(options: BuildOptions) -> Benchmark:
        judge = open_oracle(oracle, DomainChoice.film)
        tastes = installed_ratings(judge.catalog)
        return build_inspired(dialogues, judge, options, interactions=tastes)

    build(make, Common(out, overwrite, seed, keep_steps, llm, llm_model))


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
    keep_steps: KeepSteps = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeRec-Reddit-Movie: real requests and the films suggested in reply.

    Give one file, or one a split. With --titles the films are judged by the starter's advisories and --mpaa.

    Examples:

        safecrs data reddit --train train.jsonl --test test.jsonl --titles titles_to_imdb.json
        --mpaa mpaa_rating_reasons.tsv.gz --out runs/reddit

        safecrs data reddit requests.jsonl --oracle films.safetensors --out runs/reddit
    """
    from safecrs.advisories import Skipped, read_mpaa
    from safecrs.benchmark import build_reddit, film_oracle
    from safecrs.cli.inputs import read_all, read_item_file, tell_skipped

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

    def judge_of(options: BuildOptions) -> Oracle:
        if titles is None:
            return open_oracle(oracle, DomainChoice.film)
        options.report("Compile the oracle", 0, 1, "")
        skipped = Skipped()
        said = read_all([(path, read_mpaa) for path in mpaa or ()], options.report, skipped)
        judge = film_oracle(read_item_file(titles, skipped), said)
        options.report("Compile the oracle", 1, 1, "")
        tell_skipped(skipped)
        return judge

    def make(options: BuildOptions) -> Benchmark:
        judge = judge_of(options)
        return build_reddit(requests or splits, judge, options)

    build(make, Common(out, overwrite, seed, keep_steps, llm, llm_model))


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

    def make(options: BuildOptions) -> Benchmark:
        judge = open_oracle(oracle, DomainChoice.film)
        options.report("Read the samples", 0, 1, "")
        built = build_released(folder, judge, split=chosen)
        options.report("Read the samples", 1, 1, "")
        return built

    build(make, Common(out, overwrite))


def game(
    out: Out,
    esrb: Annotated[
        Path | None, typer.Option(help="ESRB descriptors of more games, CSV (.gz too).", dir_okay=False)
    ] = None,
    seed: Seed = 0,
    keep_steps: KeepSteps = False,
    llm: Llm = None,
    llm_model: LlmModel = None,
    overwrite: Overwrite = False,
) -> None:
    """Build SafeGame: the starter games and, with --esrb, those of a table. The tastes are synthetic.

    Examples:

        safecrs data game --out runs/game

        safecrs data game --esrb esrb_games.csv --out runs/game
    """
    from safecrs.benchmark.recipes import table

    build(lambda options: table.game(esrb, options), Common(out, overwrite, seed, keep_steps, llm, llm_model))
