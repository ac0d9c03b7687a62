"""What the commands that build a benchmark have in common: their options, and how the target is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from safecrs.cli.options import named_endpoint

if TYPE_CHECKING:
    from safecrs.benchmark import Benchmark, BuildOptions

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


@dataclass(frozen=True)
class Common:
    """The options that every command has."""

    out: Path
    overwrite: bool
    seed: int = 0
    keep_steps: bool = False
    llm: str | None = None
    llm_model: str | None = None


def build(make: Callable[[BuildOptions], Benchmark], common: Common) -> None:
    """Check the target before the work, show the work, and write the whole or nothing."""
    from safecrs.benchmark import BuildOptions, LlmAssigner, LocalAssigner, save_benchmark
    from safecrs.benchmark.store import STEPS, check_free
    from safecrs.cli.output import progress, say
    from safecrs.endpoint import AnswerFile

    endpoint = named_endpoint(common.llm, common.llm_model)
    check_free(common.out, common.overwrite)
    with _partial(common.out) as partial:
        kept = partial / _ANSWERS
        assigner = LlmAssigner(endpoint, AnswerFile(kept)) if endpoint else LocalAssigner()
        steps = partial / STEPS if common.keep_steps else None
        with progress() as report:
            options = BuildOptions(common.seed, assigner=assigner, steps=steps, report=report)
            benchmark = make(options)
        save_benchmark(benchmark, common.out, overwrite=common.overwrite, steps=steps)
        kept.unlink(missing_ok=True)
    for split, facts in benchmark.card.splits.items():
        say(f"{split}: {facts.samples:,} samples, {facts.constrained:,} with a sensitivity")
    say(f"Written to {common.out}; `safecrs data card {common.out}` shows what is in it.")


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
