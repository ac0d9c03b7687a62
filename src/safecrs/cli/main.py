"""``safecrs``: the commands, in the order of the stages."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import typer

from safecrs.cli import check, data, evaluate, oracle, recommend, studies, train, traits
from safecrs.cli.output import visible
from safecrs.errors import SafecrsError, SafecrsWarning, extra

# Typer carries a copy of click; this is its base of everything that is wrong with a command line.
_WrongUse: type[Exception] = typer.BadParameter.__mro__[2]
_INTERRUPTED = 130
_others_warning = warnings.formatwarning

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
app.command("report")(evaluate.report)
app.command("demo")(studies.demo)
app.command("redial")(studies.redial)
app.command("ablations")(studies.ablations)


_EXTRAS = {
    **dict.fromkeys(("datasets", "pyarrow"), "benchmark"),
    **dict.fromkeys(("accelerate", "peft", "tomli_w", "torch", "transformers", "trl"), "train"),
    **dict.fromkeys(("jinja2", "matplotlib"), "report"),
}
"""What brings a package that some commands need."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and leave with its exit status.

    A user's error, wrong use included, is one sentence on stderr and status 2; Ctrl-C is 130.
    """
    # Threads that spin while they wait slow each other down by an order of magnitude on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    if "LOCAL_RANK" in os.environ and os.environ.get("RANK", "0") != "0":
        _forget_output()  # of several processes the first one talks
    for stream in (sys.stdout, sys.stderr):
        if reconfigure := getattr(stream, "reconfigure", None):
            reconfigure(errors="backslashreplace")  # a terminal without “ is no reason to fail
    warnings.formatwarning = _warning
    sys.exit(_run(arguments))


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    if not issubclass(category, SafecrsWarning):
        return _others_warning(message, category, filename, lineno, line)
    return f"safecrs: {visible(str(message))}\n"


def _run(arguments: Sequence[str] | None) -> int:
    try:
        status = app(args=arguments, prog_name="safecrs", standalone_mode=False)
        sys.stdout.flush()
    except SafecrsError as error:
        return _tell(str(error))
    except _WrongUse as error:
        return _wrong_use(error)
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        return _tell(f"This needs {package}, which is not installed: {extra(_EXTRAS[package])}.")
    except (KeyboardInterrupt, typer.Abort):
        status = _INTERRUPTED
    except BrokenPipeError:  # whoever read the output has seen enough
        _forget_output()
        return 0
    except OSError as error:
        _forget_output()
        place = f"{error.filename}: " if error.filename else ""
        return _tell(f"{place}{error.strerror or error}.")
    if status == _INTERRUPTED:
        return _tell(
            "Interrupted; nothing is left half-written, and the same command starts it again.", _INTERRUPTED
        )
    return int(status or 0)


def _wrong_use(error: Exception) -> int:
    """Say what is wrong with the command line, without repeating words that may disclose something."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "safecrs")
    if type(error).__name__ == "NoArgsIsHelpError":  # the help was shown
        return 2
    if isinstance(error, typer.BadParameter):
        return _tell(f"{error.format_message().rstrip('.')}; see {command} --help.")
    return _tell(f"Cannot read this command line; put texts in quotation marks, and see {command} --help.")


def _tell(sentence: str, status: int = 2) -> int:
    sys.stderr.write(f"safecrs: {visible(' '.join(sentence.splitlines()))}\n")
    return status


def _forget_output() -> None:
    """Let nothing more be written: what could not be would be tried again when the interpreter ends."""
    with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
