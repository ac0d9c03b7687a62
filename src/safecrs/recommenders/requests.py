"""Requests made of benchmark samples."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.benchmark.sample import Sample
from safecrs.oracle import Oracle
from safecrs.slates.base import Request


def requests_for(samples: Sequence[Sample], oracle: Oracle, *, told: bool) -> list[Request]:
    """One request per sample, which must not be answered with what the conversation named (``sample.seen``).

    Args:
        told: whether the requests carry the samples' true constraints.
    """
    catalog, taxonomy = oracle.catalog, oracle.taxonomy
    requests = []
    for sample in samples:
        titles = [title for title, _ in sample.seen]
        rows = catalog.resolve_many(titles, [year for _, year in sample.seen])
        constraints = taxonomy.constraints(sample.constraints) if told else {}
        requests.append(Request(sample.prompt, constraints, frozenset(rows[rows >= 0].tolist())))
    return requests
