"""``safecrs``: the commands, in the order of the stages."""

from __future__ import annotations

import os
import sys

import typer

from safecrs.cli import check, data, demo, evaluate, oracle, recommend, report, train, traits
from safecrs.errors import SafecrsError

app = typer.Typer(
    name="safecrs",
    help="Personalized safety for conversational recommenders: what is safe for this person, and why.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("check")(check.check)
app.command("traits")(traits.traits)
app.command("recommend")(recommend.recommend)
app.add_typer(oracle.app, name="oracle")
app.add_typer(data.app, name="data")
app.add_typer(train.app, name="train")
app.command("evaluate")(evaluate.evaluate)
app.command("report")(report.report)
app.command("demo")(demo.demo)
app.command("redial")(demo.redial)


def main() -> None:
    """Run a command; a user's error is one sentence on stderr and exit status 2, Ctrl-C is 130."""
    # Threads that spin while they wait slow each other down by an order of magnitude on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        app()
    except SafecrsError as error:
        sys.stderr.write(f"safecrs: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.stderr.write("safecrs: Interrupted; the same command goes on where it stopped.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
