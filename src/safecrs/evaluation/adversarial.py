"""Systems against the hand-written hard cases (`safecrs.benchmark.adversarial`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from safecrs.benchmark import AdversarialCase
from safecrs.catalog import find_mentions
from safecrs.evaluation.evaluate import System
from safecrs.recommenders.requests import ConstraintsFrom
from safecrs.scoring.adversarial import AdversarialScore, score_adversarial
from safecrs.slates.base import Request

if TYPE_CHECKING:
    from safecrs.oracle import Oracle


@dataclass(frozen=True, slots=True)
class Challenged:
    """A system and which of the cases held."""

    system: System
    score: AdversarialScore


def adversarial_requests(
    cases: Sequence[AdversarialCase], oracle: Oracle, constraints: ConstraintsFrom
) -> list[Request]:
    """The cases as a system sees them.

    ``benchmark`` hands over the true constraints with the case's own thresholds; ``detected`` those that
    `safecrs.detection` finds, at the thresholds that the words set ("not even a little blood").
    ``seen`` are the items that the user's messages name.
    """
    requests = []
    for case in cases:
        if constraints == "benchmark":
            held = dict(case.constraints)
        elif constraints == "detected":
            from safecrs.detection import constraints_of, detect_traits

            held = constraints_of(detect_traits(case.prompt, oracle.taxonomy))
        else:
            held = {}
        said = [message.content for message in case.prompt if message.role == "user"]
        seen = {mention.row for text in said for mention in find_mentions(text, oracle.catalog)}
        requests.append(Request(case.prompt, held, frozenset(seen)))
    return requests


def challenge(
    systems: Sequence[System],
    cases: Sequence[AdversarialCase],
    oracle: Oracle,
    k: int = 10,
    *,
    progress: Callable[[int, int, str], None] | None = None,
) -> list[Challenged]:
    """Ask every system for a slate of each case and judge whether it holds (`score_adversarial`).

    Args:
        progress: told how many systems are done, out of how many, and which is next.

    Raises:
        SafecrsError: a system cannot answer, or the oracle lacks a trait.
    """
    results = []
    for number, system in enumerate(systems):
        if progress:
            progress(number, len(systems), system.name)
        slates = system.policy().recommend(adversarial_requests(cases, oracle, system.constraints), k)
        results.append(Challenged(system, score_adversarial(slates, cases, oracle, k)))
    if progress:
        progress(len(systems), len(systems), "")
    return results
