"""``safecrs check``: is this item safe for this person?"""

from __future__ import annotations

from typing import Annotated

import typer

from safecrs.cli.options import (
    DomainOption,
    Json,
    OracleFile,
    Threshold,
    Traits,
    named_constraints,
    open_oracle,
)
from safecrs.cli.output import console, grid, print_json, shown, verdict_text
from safecrs.oracle import Check, Verdict
from safecrs.taxonomy import DEFAULT_THRESHOLD

EXIT = {"SAFE": 0, "UNSAFE": 1, "UNKNOWN": 3}


def check(
    title: Annotated[str, typer.Argument(help='The item, best with its year: "Saw (2004)".')],
    trait: Traits = None,
    threshold: Threshold = DEFAULT_THRESHOLD,
    domain: DomainOption = "film",
    oracle: OracleFile = None,
    json: Json = False,
) -> None:
    """Say whether an item is safe for somebody with these sensitivities, and why.

    Without --trait every trait is shown. Exit status: 0 safe, 1 unsafe, 3 unknown, 2 wrong use.

    Examples:

        safecrs check "Saw (2004)" --trait gore

        safecrs check "Big Fish" --trait self_harm=0.2 --trait animal_harm --json
    """
    judge = open_oracle(oracle, domain)
    constraints = named_constraints(trait or list(judge.taxonomy.ids), judge.taxonomy, threshold)
    result = judge.check(title, None, constraints)
    if json:
        print_json(result)
    else:
        _show(result, asked=bool(trait))
    raise typer.Exit(EXIT[result.verdict.name])


def _show(result: Check, asked: bool) -> None:

    screen = console()
    if result.row is None:
        screen.print(f"[yellow]unknown[/]: the catalog does not hold “{shown(result.title)}”.")
        if result.did_you_mean:
            screen.print("Did you mean " + shown(", ".join(result.did_you_mean)) + "?")
        return
    label = shown(result.label or result.title)
    if asked:
        screen.print(f"{label}: {verdict_text(result.verdict)}")
    else:
        unsafe = sum(risk.verdict is Verdict.UNSAFE for risk in result.traits)
        unknown = sum(risk.verdict is Verdict.UNKNOWN for risk in result.traits)
        screen.print(
            f"{label}: unsafe for {unsafe} of {len(result.traits)} sensitivities, unknown for {unknown}"
        )
    table = grid("sensitivity", "verdict", "risk", "why")
    for risk in result.traits:
        number = "?" if risk.risk is None else f"{risk.risk:.2f}"
        table.add_row(risk.trait, verdict_text(risk.verdict), number, shown(risk.reason))
    screen.print(table)
