"""Requests made of benchmark samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from safecrs.benchmark.sample import Sample
from safecrs.oracle import Oracle
from safecrs.slates.base import Request
from safecrs.taxonomy import DEFAULT_THRESHOLD

ConstraintsFrom = Literal["none", "benchmark", "detected"]


def requests_for(samples: Sequence[Sample], oracle: Oracle, constraints: ConstraintsFrom) -> list[Request]:
    """The samples as a system sees them.

    ``benchmark`` hands over the true constraints, ``detected`` those that `safecrs.detection` finds in the
    conversation, ``none`` leaves them to the system. ``seen`` are the items the conversation names.
    """
    catalog, threshold = oracle.catalog, DEFAULT_THRESHOLD
    requests = []
    for sample in samples:
        if constraints == "benchmark":
            held = oracle.taxonomy.constraints(sample.constraints, threshold)
        elif constraints == "detected":
            from safecrs.detection import detect_traits

            found = detect_traits(sample.prompt, oracle.taxonomy)
            held = oracle.taxonomy.constraints([disclosure.trait for disclosure in found], threshold)
        else:
            held = {}
        titles = [title for title, _ in sample.seen]
        rows = catalog.resolve_many(titles, [year for _, year in sample.seen]).tolist()
        requests.append(Request(sample.prompt, held, frozenset(row for row in rows if row >= 0)))
    return requests
