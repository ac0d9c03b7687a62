"""Requests made of benchmark samples."""

from __future__ import annotations

from collections.abc import Sequence

from safecrs.benchmark.sample import Sample
from safecrs.oracle import Oracle
from safecrs.recommenders.histories import history_rows
from safecrs.slates.base import Request


def requests_for(samples: Sequence[Sample], oracle: Oracle, *, told: bool) -> list[Request]:
    """One request per sample, which must not be answered with what the conversation named (``sample.seen``).

    Args:
        told: whether the requests carry the samples' true constraints.
    """
    seen = history_rows([sample.seen for sample in samples], oracle.catalog)
    return [
        Request(
            sample.prompt,
            oracle.taxonomy.constraints(sample.constraints) if told else {},
            frozenset(rows.tolist()),
        )
        for sample, rows in zip(samples, seen, strict=True)
    ]
