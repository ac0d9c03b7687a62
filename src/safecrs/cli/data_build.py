"""The commands of ``safecrs data`` that build a benchmark, one a corpus, and how they write the target."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.advisories import Skipped, read_mpaa
from safecrs.cli.inputs import read_all, read_item_file, tell_skipped
from safecrs.cli.options import LlmModel, OracleFile, Seed, SplitName, named_endpoint, open_oracle, refuse
from safecrs.cli.output import progress, say
from safecrs.storage import locked

if TYPE_CHECKING:
    from safecrs.benchmark import Benchmark, BuildOptions, Split

app = typer.Typer(help="Build, look at and export benchmarks.", no_args_is_help=True)
_ANSWERS = "answers.jsonl"
Out = Annotated[Path, typer.Option(help="The folder to write.", file_okay=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a benchmark that is there.")]
KeepSteps = Annotated[
    bool, typer.Option("--keep-steps", help="Keep the outcome of every step, row by row (`data steps`).")
]

Llm = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="URL",
        help="An OpenAI-compatible endpoint whose model chooses the sensitivities: the conversations are sent"
        " there. The key is read from the environment variable SAFECRS_API_KEY.",
        show_default=False,
    ),
]
Lines = Annotated[Path | None, typer.Option(help="The requests of this split, JSON lines.", dir_okay=False)]


@app.command()
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

    _build(lambda options: build_starter(options=options), out, overwrite, seed, keep_steps, llm, llm_model)


@app.command()
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
        judge = open_oracle(oracle)
        options.report("Read the ratings", 0, 1, "")
        interactions = read_movielens(folder, judge.catalog)
        options.report("Read the ratings", 1, 1, "")
        return build_starter(judge, interactions, options)

    _build(make, out, overwrite, seed, keep_steps, llm, llm_model)


@app.command()
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

    _build(
        lambda options: table.redial(dialogues, items, mpaa, options),
        out,
        overwrite,
        seed,
        keep_steps,
        llm,
        llm_model,
    )


@app.command()
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
        judge = open_oracle(oracle)
        tastes = installed_ratings(judge.catalog)
        return build_inspired(dialogues, judge, options, interactions=tastes)

    _build(make, out, overwrite, seed, keep_steps, llm, llm_model)


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
    from safecrs.benchmark import build_reddit, film_oracle

    named: dict[Split, Path | None] = {"train": train, "validation": validation, "test": test}
    splits = {split: path for split, path in named.items() if path is not None}
    refuse(
        (
            (requests is None) == (not splits),
            "Give either one file of requests, or --train, --validation and --test.",
        ),
        (
            (titles is None) == (oracle is None),
            "Reddit-Movie names films by IMDb id, which the starter's lack: give either --titles or "
            "--oracle.",
        ),
        (
            oracle is not None and mpaa,
            "--mpaa judges the films of --titles; a compiled --oracle judges by itself.",
        ),
    )

    def make(options: BuildOptions) -> Benchmark:
        if titles is None:
            return build_reddit(requests or splits, open_oracle(oracle), options)
        skipped = Skipped()
        said = read_all([(path, read_mpaa) for path in mpaa or ()], options.report, skipped)
        judge = film_oracle(read_item_file(titles, skipped), said, options.report)
        tell_skipped(skipped)
        return build_reddit(requests or splits, judge, options)

    _build(make, out, overwrite, seed, keep_steps, llm, llm_model)


@app.command()
def released(
    folder: Annotated[
        Path, typer.Argument(help="A Hugging Face dataset on disk, as the authors give it.", file_okay=False)
    ],
    out: Out,
    oracle: OracleFile = None,
    split: Annotated[
        SplitName | None, typer.Option(help="What the folder is, where it is a single dataset.")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Take over the SafeCRS authors' samples as they are, described and judged by an oracle of ours.

    Example:

        safecrs data released Processed_SFT_Dataset --split train --oracle films.safetensors
        --out runs/released
    """
    from safecrs.benchmark import build_released

    def make(options: BuildOptions) -> Benchmark:
        judge = open_oracle(oracle)
        options.report("Read the samples", 0, 1, "")
        built = build_released(folder, judge, split=split)
        options.report("Read the samples", 1, 1, "")
        return built

    _build(make, out, overwrite)


@app.command()
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

    _build(lambda options: table.game(esrb, options), out, overwrite, seed, keep_steps, llm, llm_model)


def _build(
    make: Callable[[BuildOptions], Benchmark],
    out: Path,
    overwrite: bool,
    seed: int = 0,
    keep_steps: bool = False,
    llm: str | None = None,
    llm_model: str | None = None,
) -> None:
    """Check the target before the work, show the work, and write the whole or nothing."""
    from safecrs.benchmark import BuildOptions, LlmAssigner, LocalAssigner, save_benchmark
    from safecrs.benchmark.store import STEPS, check_free
    from safecrs.endpoint import AnswerFile

    endpoint = named_endpoint(llm, llm_model)
    check_free(out, overwrite)
    with locked(out), _partial(out) as partial:
        check_free(out, overwrite)  # again: who held the lock may have written it
        kept = partial / _ANSWERS
        assigner = LlmAssigner(endpoint, AnswerFile(kept)) if endpoint else LocalAssigner()
        steps = partial / STEPS if keep_steps else None
        with progress() as report:
            options = BuildOptions(seed, assigner=assigner, steps=steps, report=report)
            benchmark = make(options)
        save_benchmark(benchmark, out, overwrite=overwrite, steps=steps)
        kept.unlink(missing_ok=True)
    for split, facts in benchmark.card.splits.items():
        say(f"{split}: {facts.samples:,} samples, {facts.constrained:,} with a sensitivity")
    say(f"Written to {out}; `safecrs data card {out}` shows what is in it.")


@contextmanager
def _partial(target: Path) -> Iterator[Path]:
    """The folder ``TARGET.partial`` for steps and answers until the target is whole; not kept empty.

    The answers of an endpoint stay there when a build is stopped: the same command goes on from them.
    """
    folder = target.with_name(f"{target.name}.partial")
    try:
        yield folder
    finally:
        with suppress(OSError):
            folder.rmdir()
