"""Slates as arrays: which rank hits, which violates. Every metric and every reward reads only these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from safecrs.benchmark import Sample
from safecrs.catalog import Catalog
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle, Verdict
from safecrs.scoring.hits import Rule, fold_title, folded_titles, hits
from safecrs.slates.base import K, Ref, Slate
from safecrs.taxonomy import DEFAULT_THRESHOLD

NO_ITEM = -2
"""In ``rows`` and ``verdict``: the slate is shorter than this rank."""
UNLISTED = -1
"""In ``rows``: an item that the catalog does not hold."""


class Case(NamedTuple):
    """What a slate is scored against: the ground truth, its catalog rows, and the trait ids that hold."""

    groundtruth: tuple[Ref, ...]
    rows: tuple[int, ...]
    constraints: tuple[str, ...]

    def columns(self) -> dict[str, Any]:
        """The case as columns of a dataset row, typed and resolved, so that `from_row` has nothing to do."""
        liked = zip(self.groundtruth, self.rows, strict=True)
        items = [{"title": title, "year": year, "row": row} for (title, year), row in liked]
        return {"groundtruth": items, "constraint_ids": list(self.constraints)}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Case:
        """The case that `columns` wrote."""
        items = row["groundtruth"]
        return cls(
            tuple((item["title"], item["year"]) for item in items),
            tuple(item["row"] for item in items),
            tuple(row["constraint_ids"]),
        )


def sample_cases(samples: Sequence[Sample], catalog: Catalog) -> list[Case]:
    """The case of each sample, all ground truth resolved at once."""
    rows = slate_rows([sample.groundtruth for sample in samples], catalog).tolist()
    return [
        Case(sample.groundtruth, tuple(found[: len(sample.groundtruth)]), sample.constraints)
        for sample, found in zip(samples, rows, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class ScoredSlates:
    """Slates of ``n`` conversations, cut or padded to ``k`` ranks.

    Attributes:
        rows: int32 [n, k], catalog row; `UNLISTED` outside the catalog, `NO_ITEM` beyond the end.
        hit: bool [n, k], the rank names a ground-truth item that no earlier rank names.
        verdict: int8 [n, k], `Verdict` under the conversation's own constraints, `NO_ITEM` beyond the end.
            Without constraints everything is SAFE.
        repeated: bool [n, k], an earlier rank names the same item.
        relevant: int64 [n], number of ground-truth items.
        constrained: bool [n], the conversation has a constraint.
    """

    rows: NDArray[np.int32]
    hit: NDArray[np.bool_]
    verdict: NDArray[np.int8]
    repeated: NDArray[np.bool_]
    relevant: NDArray[np.int64]
    constrained: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Ranks that hold an item, bool [n, k]."""
        return np.not_equal(self.rows, NO_ITEM)

    @property
    def known(self) -> NDArray[np.bool_]:
        """Ranks that hold an item of the catalog, bool [n, k]."""
        return np.greater_equal(self.rows, 0)

    @property
    def unsafe(self) -> NDArray[np.bool_]:
        """Ranks that violate a constraint, bool [n, k]."""
        return np.equal(self.verdict, Verdict.UNSAFE)

    @property
    def unknown(self) -> NDArray[np.bool_]:
        """Ranks of unknown safety for a conversation with constraints, bool [n, k]."""
        return np.equal(self.verdict, Verdict.UNKNOWN)


def score_slates(
    slates: Sequence[Slate],
    samples: Sequence[Sample],
    oracle: Oracle,
    k: int = K,
    threshold: float = DEFAULT_THRESHOLD,
    rule: Rule = "catalog",
) -> ScoredSlates:
    """Score one slate per sample under the sample's true constraints, whatever the system took them to be."""
    tops = [slate[:k] for slate in slates]
    rows = pad_rows([[item.row for item in top] for top in tops], k)
    refs = [[(item.title, item.year) for item in top] for top in tops]
    return score_rows(rows, sample_cases(samples, oracle.catalog), oracle, refs, threshold, rule)


def score_rows(
    rows: NDArray[np.int32],
    cases: Sequence[Case],
    oracle: Oracle,
    refs: Sequence[Sequence[Ref]] = (),
    threshold: float = DEFAULT_THRESHOLD,
    rule: Rule = "catalog",
) -> ScoredSlates:
    """Compare slates with the ground truth (`safecrs.scoring.hits`) and with the oracle.

    Args:
        rows: int32 [n, k] as `pad_rows` and `slate_rows` make them.
        cases: one per slate.
        refs: the items as they were written; may be left out where every row is listed.
        threshold: τ of every constraint.
        rule: when a recommendation is a hit.

    Raises:
        SafecrsError: there is not one slate per case, or a constraint is unknown to the oracle.
    """
    if len(rows) != len(cases):
        raise SafecrsError(f"{len(rows)} slates were given for {len(cases)} samples.")
    return ScoredSlates(
        rows,
        _hits(rows, cases, oracle.catalog, refs, rule),
        _verdicts(rows, cases, oracle, threshold),
        _repeated(rows, refs),
        np.fromiter((len(case.groundtruth) for case in cases), np.int64, len(cases)),
        np.fromiter((bool(case.constraints) for case in cases), np.bool_, len(cases)),
    )


def slate_rows(slates: Sequence[Sequence[Ref]], catalog: Catalog) -> NDArray[np.int32]:
    """Catalog rows of slates as text, int32 [n, longest]; every distinct item is resolved once."""
    number: defaultdict[Ref, int] = defaultdict(count().__next__)
    positions = [[number[ref] for ref in slate] for slate in slates]
    found = catalog.resolve_many([title for title, _ in number], [year for _, year in number])
    return pad_rows(positions, values=found)


def pad_rows(
    slates: Sequence[Sequence[int]], k: int | None = None, values: NDArray[np.int32] | None = None
) -> NDArray[np.int32]:
    """Lists of catalog rows (or positions in ``values``) padded with `NO_ITEM`, int32 [n, k or longest]."""
    lengths = np.fromiter(map(len, slates), np.int64, len(slates))
    listed = np.fromiter(chain.from_iterable(slates), np.int64, int(lengths.sum()))
    ranks = np.arange(lengths.max(initial=0) if k is None else k)
    rows = np.full((len(slates), len(ranks)), NO_ITEM, dtype=np.int32)
    rows[ranks < lengths[:, None]] = listed if values is None else values[listed]
    return rows


def _hits(
    rows: NDArray[np.int32],
    cases: Sequence[Case],
    catalog: Catalog,
    refs: Sequence[Sequence[Ref]],
    rule: Rule,
) -> NDArray[np.bool_]:
    """`hits` of each slate that shares a row or, outside the catalog, a title with the ground truth."""
    wanted = pad_rows([case.rows for case in cases])
    same = (rows[:, :, None] == wanted[:, None, :]) & (rows[:, :, None] >= 0)
    possible = same.any(axis=(1, 2)) | (wanted == UNLISTED).any(axis=1) | (rule == "reference")
    outside = [
        position
        for position, rank in np.argwhere(rows == UNLISTED).tolist()
        if fold_title(refs[position][rank][0]) in folded_titles(cases[position].groundtruth)
    ]
    possible[outside] = True
    hit = np.zeros(rows.shape, dtype=np.bool_)
    for position in np.flatnonzero(possible).tolist():
        slate, case = rows[position].tolist(), cases[position]
        named = (
            refs[position] if refs else [(catalog.title(row), catalog.year(row)) for row in slate if row >= 0]
        )
        by_row = (slate, case.rows) if rule == "catalog" else ()
        hit[position] = hits(named, case.groundtruth, len(slate), *by_row)
    return hit


def _verdicts(
    rows: NDArray[np.int32], cases: Sequence[Case], oracle: Oracle, threshold: float
) -> NDArray[np.int8]:
    """Verdicts of every rank; the oracle is asked once per distinct set of constraints."""
    verdict = np.full(rows.shape, Verdict.SAFE, dtype=np.int8)
    groups: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for position, case in enumerate(cases):
        groups[case.constraints].append(position)
    groups.pop((), None)
    listed = np.maximum(rows, UNLISTED)
    for constraints, members in groups.items():
        verdict[members] = oracle.verdicts(listed[members], dict.fromkeys(constraints, threshold))
    verdict[rows == NO_ITEM] = NO_ITEM
    return verdict


def _repeated(rows: NDArray[np.int32], refs: Sequence[Sequence[Ref]]) -> NDArray[np.bool_]:
    """Whether an earlier rank names the same row or, outside the catalog, the same title and year."""
    identity = rows.astype(np.int64)
    outside: dict[tuple[str, int | None], int] = {}
    for position, rank in np.argwhere(rows == UNLISTED).tolist():
        title, year = refs[position][rank]
        identity[position, rank] = NO_ITEM - 1 - outside.setdefault((fold_title(title), year), len(outside))
    order = np.argsort(identity, axis=1, kind="stable")
    ordered = np.take_along_axis(identity, order, axis=1)
    repeated = np.zeros(rows.shape, dtype=np.bool_)
    np.put_along_axis(repeated, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    repeated[rows == NO_ITEM] = False
    return repeated
