"""Systems under test around rankers made by hand."""

from __future__ import annotations

from collections.abc import Callable

from safecrs.detection import Combined, RuleDetector, Told
from safecrs.evaluation.systems import Label, System
from safecrs.oracle import Oracle
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.recommender import Recommender


def make_system(
    ranker: Callable[[], Ranker], oracle: Oracle, name: str = "Fixed", source: str = "", **label
) -> System:
    """A system whose recommender has ``ranker``; ``label`` says how it is protected."""
    identity = Label(ranker=name, **label)
    detector = {"none": Combined(()), "told": Told(), "detected": RuleDetector()}[identity.constraints]

    def make() -> Recommender:
        made = ranker()
        return Recommender(oracle, made, detector, decoding=identity.decoding, unknown=identity.unknown)

    return System(identity, make, source)
