"""SafeRec-Starter: the benchmark that needs nothing but the package and MovieLens ratings from PyPI."""

from __future__ import annotations

from safecrs.benchmark import BuildOptions, build_starter
from safecrs.experiment.study import Study
from safecrs.oracle import load_starter

_ABOUT = (
    "The items people named and liked are real: MovieLens ratings of 671 people, split by person. The "
    "wording of their requests comes from our templates, and the sensitivity in each was assigned by the "
    "oracle and written in by our own phrasings, those of the test unseen in training. The advisories are "
    "the starter's: written from general knowledge and read a second time, not taken from any site."
)
_CAVEATS = (
    "Ground truth is what a person rated 4 stars or more; what they would have liked and never rated counts "
    "as a miss, for every system alike.",
    "The starter oracle judges both the data and the slates: an error in its advisories is invisible here. "
    "It says how well a system follows an oracle, not how safe a film is.",
    "Requests are template text. How models cope with real language is what SafeRec-ReDial shows.",
)


def starter_inputs(options: BuildOptions | None = None) -> Study:
    """Build SafeRec-Starter.

    Raises:
        SafecrsError: the ratings are not installed.
    """
    oracle = load_starter("film")
    benchmark = build_starter(oracle, options=options or BuildOptions())
    return Study("SafeRec-Starter", _ABOUT, benchmark, oracle, _CAVEATS)
