"""``safecrs``: the commands, in the order of the stages."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from safecrs.cli import check, data, evaluate, oracle, recommend, studies, train, traits
from safecrs.cli.output import standard_streams, visible
from safecrs.errors import SafecrsError, SafecrsWarning, extra

# Typer carries a copy of click; this is its base of everything that is wrong with a command line.
_WrongUse: type[Exception] = typer.BadParameter.__mro__[2]
_INTERRUPTED = 130
_STOPPED = "Interrupted; nothing is left half-written, and the same command starts it again."
_QUOTED_VALUE = re.compile(r": Value error, .* is not one of", re.DOTALL)
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
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch(r"0*[1-9]\d{1,3}", os.environ.get(name, ""), re.ASCII):  # 0: unknown
            os.environ.pop(name, None)
    # Of several processes the first one talks.
    mute = "LOCAL_RANK" in os.environ and os.environ.get("RANK", "0") != "0"
    warnings.formatwarning = _warning
    with standard_streams(mute), _interruptible() as interrupted:
        status = _run(arguments)
        if interrupted and status != _INTERRUPTED:
            status = _tell(_STOPPED, _INTERRUPTED)
    sys.exit(status)


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Ctrl-C holds, even where a library drops the exception; yields the signals that came so far.

    Python drops what is raised while an object is destroyed: the exception is raised once more, then.
    """
    came: list[int] = []
    old = signal.getsignal(signal.SIGINT)
    main_thread = threading.main_thread()
    if old is not signal.default_int_handler or threading.current_thread() is not main_thread:
        yield came  # somebody else decides; in a background job of a shell nobody listens
        return

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        raise KeyboardInterrupt

    def dropped(what: Any) -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):
            again = threading.Timer(0.05, signal.pthread_kill, (main_thread.ident, signal.SIGINT))
            again.daemon = True
            again.start()
        else:
            sys.__unraisablehook__(what)

    hook, sys.unraisablehook = sys.unraisablehook, dropped
    signal.signal(signal.SIGINT, stop)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, old)
        sys.unraisablehook = hook


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    if not issubclass(category, SafecrsWarning):
        return _others_warning(message, category, filename, lineno, line)
    return f"safecrs: {visible(str(message))}\n"


def _run(arguments: Sequence[str] | None) -> int:
    try:
        status = _command(arguments)
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
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _tell(f"{place}{error.strerror or error}.")
    return _tell(_STOPPED, status) if status == _INTERRUPTED else int(status or 0)


def _command(arguments: Sequence[str] | None) -> Any:
    try:
        return app(args=arguments, prog_name="safecrs", standalone_mode=False)
    except typer.Abort as error:
        if isinstance(error.__cause__, EOFError):  # of a file that ends too early; nobody is ever asked
            raise error.__cause__ from None
        raise


def _wrong_use(error: Exception) -> int:
    """Say what is wrong with the command line, without repeating words that may disclose something."""
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", "safecrs")
    if type(error).__name__ == "NoArgsIsHelpError":  # the help was shown
        return 2
    match type(error).__name__:
        case "NoSuchOption":
            problem = "There is no such option"
        case _ if isinstance(error, typer.BadParameter):
            problem = _QUOTED_VALUE.sub(": it is not one of", error.format_message().rstrip("."))
        case _ if groups := sorted(getattr(getattr(context, "command", None), "commands", ())):
            problem = f"There is no such command, only {', '.join(groups)}"
        case _:
            problem = "Cannot read this command line; put texts in quotation marks"
    return _tell(f"{problem}; see {command} --help.")


def _tell(sentence: str, status: int = 2) -> int:
    sys.stderr.write(f"safecrs: {visible(' '.join(sentence.splitlines()))}\n")
    return status
