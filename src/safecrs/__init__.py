"""Personalized safety for conversational recommenders.

    import safecrs

    safecrs.recommend("something like Big Fish, it has been a hard year since my brother's suicide")
    safecrs.check("Saw (2004)", ["gore"])

docs/api.md describes what these return; names and fields are stable. Nothing is stored or sent anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from safecrs.conversation import Message
    from safecrs.oracle import Check, Oracle
    from safecrs.recommenders.recommender import Answer, Recommender
    from safecrs.taxonomy import Domain

__all__ = ["Answer", "Check", "Oracle", "Recommender", "check", "recommend"]

_LAZY = {
    "Answer": "safecrs.recommenders.recommender",
    "Check": "safecrs.oracle",
    "Oracle": "safecrs.oracle",
    "Recommender": "safecrs.recommenders.recommender",
}


def recommend(
    messages: str | Iterable[Message | dict[str, str]],
    *,
    traits: Iterable[str] = (),
    thresholds: Mapping[str, float] | None = None,
    k: int | None = None,
    domain: Domain = "film",
) -> Answer:
    """Recommend items that respect what a conversation discloses, as ``safecrs recommend`` does.

    Args:
        messages: what the person wrote, or messages with ``role`` and ``content``.
        traits: sensitivities to respect besides those that are detected in the conversation.
        thresholds: trait → risk from which an item is unsafe for this person (0.66 by default); of several
            for one trait, such as one that is detected, the strictest holds.
        k: the most items; by default as many as the conversation asks for, or 10.
    """
    return _recommender(domain).recommend(messages, traits=traits, thresholds=thresholds, k=k)


def check(
    title: str,
    traits: Iterable[str] = (),
    *,
    year: int | None = None,
    thresholds: Mapping[str, float] | None = None,
    domain: Domain = "film",
) -> Check:
    """Whether an item ("Saw (2004)", or a title and ``year``) is safe for these sensitivities, and why.

    Without any sensitivity it is judged for all of them.
    """
    from safecrs.oracle import load_starter
    from safecrs.taxonomy import merge_constraints

    _check_domain(domain)
    oracle = load_starter(domain)
    taxonomy = oracle.taxonomy
    own = (taxonomy.constraints(name, value) for name, value in (thresholds or {}).items())
    constraints = merge_constraints(taxonomy.constraints(traits), *own)
    return oracle.check(title, year, constraints or taxonomy.constraints(taxonomy.ids))


@cache
def _recommender(domain: Domain) -> Recommender:
    from safecrs.recommenders.manifest import Manifest, build_recommender

    _check_domain(domain)
    return build_recommender(Manifest(domain=domain))


def _check_domain(domain: str) -> None:
    if domain not in ("film", "game"):
        from safecrs.errors import SafecrsError

        raise SafecrsError('The domain must be "film" or "game".')


def __getattr__(name: str) -> Any:
    """Import the public classes when they are first used: ``import safecrs`` loads nothing else."""
    if name in _LAZY:
        from importlib import import_module

        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'safecrs' has no attribute {name!r}")
