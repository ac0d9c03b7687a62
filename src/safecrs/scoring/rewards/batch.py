"""A batch of completions as arrays: what they recommend, what was right, and how the oracle judges it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from safecrs.errors import SafecrsError
from safecrs.scoring.hits import fold_title, hits
from safecrs.slates.completion import parse_slate
from safecrs.taxonomy import DEFAULT_THRESHOLD

if TYPE_CHECKING:
    from safecrs.catalog import Catalog
    from safecrs.oracle import Oracle
    from safecrs.slates.base import Ref

COLUMNS = ("prompt", "groundtruth_with_release_year", "constraint_ids")
"""What a training row must hold: fields of a stored benchmark (`safecrs.benchmark.store`)."""


class Reward(NamedTuple):
    """One objective: float64 [completions], and [completions, ranks] with NaN where no item stands."""

    sequence: NDArray[np.float64]
    by_rank: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ParsedSlates:
    """The lists in a batch of completions, padded to the longest.

    Attributes:
        texts: the completions.
        refs: per completion the items it lists, repeats included.
        rows: int32 [completions, ranks], catalog rows; −1 for padding and for items not in the catalog.
        titles: int32 [completions, ranks], number of the title in ``title_numbers``; −1 for padding.
        title_numbers: folded title → number, of this batch alone.
        filled: bool [completions, ranks], whether there is an item at that rank.
        repeated: bool [completions, ranks], whether an earlier rank names the same item.
    """

    texts: tuple[str, ...]
    refs: tuple[tuple[Ref, ...], ...]
    rows: NDArray[np.int32]
    titles: NDArray[np.int32]
    title_numbers: dict[str, int]
    filled: NDArray[np.bool_]
    repeated: NDArray[np.bool_]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Items per completion, int64 [completions]."""
        return np.fromiter(map(len, self.refs), dtype=np.int64, count=len(self.refs))

    @classmethod
    def parse(cls, texts: Sequence[str], catalog: Catalog) -> ParsedSlates:
        """Read completions with `parse_slate` and resolve every distinct item once."""
        return cls.of(texts, [tuple(parse_slate(text)) for text in texts], catalog)

    @classmethod
    def of(cls, texts: Sequence[str], refs: Sequence[tuple[Ref, ...]], catalog: Catalog) -> ParsedSlates:
        """The arrays for lists that were parsed already."""
        named = [ref for slate in refs for ref in slate]
        distinct = list(dict.fromkeys(named))
        found = catalog.resolve_many([title for title, _ in distinct], [year for _, year in distinct])
        number = dict(zip(distinct, range(len(distinct)), strict=True))
        position = np.fromiter((number[ref] for ref in named), dtype=np.int64, count=len(named))
        title_numbers: dict[str, int] = {}
        folded = [title_numbers.setdefault(fold_title(title), len(title_numbers)) for title, _ in distinct]
        # An item is its row; one outside the catalog is its title and year, numbered below zero.
        outside: dict[tuple[int, int | None], int] = {}
        identity = found.astype(np.int64)
        for at in np.flatnonzero(found < 0).tolist():
            identity[at] = -1 - outside.setdefault((folded[at], distinct[at][1]), len(outside))
        lengths = np.fromiter(map(len, refs), dtype=np.int64, count=len(refs))
        filled = np.arange(lengths.max(initial=0)) < lengths[:, None]
        rows = np.full(filled.shape, -1, dtype=np.int32)
        rows[filled] = found[position]
        titles = np.full(filled.shape, -1, dtype=np.int32)
        titles[filled] = np.array(folded, dtype=np.int32)[position]
        same = np.full(filled.shape, np.iinfo(np.int64).min)
        same[filled] = identity[position]
        repeated = _seen_before(same) & filled
        return cls(tuple(texts), tuple(refs), rows, titles, title_numbers, filled, repeated)


@dataclass(frozen=True, slots=True)
class Cases:
    """What each completion is judged by.

    Attributes:
        groundtruth: the items the person really liked, per completion.
        constraints: the trait ids that hold, per completion.
        threshold: τ of every constraint.
    """

    groundtruth: tuple[tuple[Ref, ...], ...]
    constraints: tuple[tuple[str, ...], ...]
    threshold: float = DEFAULT_THRESHOLD

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]], threshold: float = DEFAULT_THRESHOLD) -> Cases:
        """Read benchmark rows (`safecrs.benchmark.rows.sample_row`), one per completion.

        Raises:
            SafecrsError: a row lacks a column or names a year that is none; the message says which row.
        """
        groundtruth: list[tuple[Ref, ...]] = []
        constraints: list[tuple[str, ...]] = []
        for number, row in enumerate(rows, start=1):
            try:
                pairs = row["groundtruth_with_release_year"]
                groundtruth.append(tuple((str(title), int(year) if year else None) for title, year in pairs))
                constraints.append(tuple(row["constraint_ids"]))
            except (KeyError, TypeError, ValueError) as error:
                name = row.get("id", number)
                raise SafecrsError(
                    f"Training row {name} has no usable {' or '.join(COLUMNS[1:])}: build the data again."
                ) from error
        return cls(tuple(groundtruth), tuple(constraints), threshold)


@dataclass(frozen=True, slots=True)
class JudgedBatch:
    """Everything rewards are computed from.

    Attributes:
        hit: bool [completions, ranks], by the rule of `safecrs.scoring.hits`.
        verdict: int8 [completions, ranks], `safecrs.oracle.Verdict`; 0 (SAFE) in the padding and wherever
            nothing is constrained.
        relevant: int64 [completions], the number of ground-truth items.
        constrained: bool [completions], whether the case has a constraint.
    """

    slates: ParsedSlates
    hit: NDArray[np.bool_]
    verdict: NDArray[np.int8]
    relevant: NDArray[np.int64]
    constrained: NDArray[np.bool_]


def judge_batch(slates: ParsedSlates, cases: Cases, oracle: Oracle) -> JudgedBatch:
    """Compare slates with their ground truth and ask the oracle, once per distinct set of constraints.

    Raises:
        SafecrsError: there is not one case per completion, or a constraint is unknown to the oracle.
    """
    if len(cases.groundtruth) != len(slates.refs):
        raise SafecrsError(f"{len(slates.refs)} completions were given for {len(cases.groundtruth)} cases.")
    return JudgedBatch(
        slates,
        _hits(slates, cases),
        _verdicts(slates, cases, oracle),
        np.fromiter(map(len, cases.groundtruth), dtype=np.int64, count=len(cases.groundtruth)),
        np.fromiter(map(bool, cases.constraints), dtype=np.bool_, count=len(cases.constraints)),
    )


def share(sequence: NDArray[np.float64], slates: ParsedSlates) -> Reward:
    """A reward that every rank of a completion shares."""
    return Reward(sequence, np.where(slates.filled, sequence[:, None], np.nan))


def _seen_before(identity: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether an earlier column of the same row holds the same number."""
    order = np.argsort(identity, axis=1, kind="stable")
    ordered = np.take_along_axis(identity, order, axis=1)
    result = np.zeros(identity.shape, dtype=np.bool_)
    np.put_along_axis(result, order[:, 1:], ordered[:, 1:] == ordered[:, :-1], axis=1)
    return result


def _hits(slates: ParsedSlates, cases: Cases) -> NDArray[np.bool_]:
    result = np.zeros(slates.filled.shape, dtype=np.bool_)
    # Most completions name no wanted title at all: only the others are compared in full.
    number = dict(zip(dict.fromkeys(cases.groundtruth), range(len(cases.groundtruth)), strict=False))
    wanted = np.full((len(number), max(map(len, number), default=0)), -2, dtype=np.int32)
    for liked, at in number.items():
        wanted[at, : len(liked)] = [slates.title_numbers.get(fold_title(title), -2) for title, _ in liked]
    wanted_here = wanted[[number[liked] for liked in cases.groundtruth]]
    named = (slates.titles[:, :, None] == wanted_here[:, None, :]).any(axis=(1, 2))
    for row in np.flatnonzero(named).tolist():
        result[row] = hits(slates.refs[row], cases.groundtruth[row], slates.filled.shape[1])
    return result


def _verdicts(slates: ParsedSlates, cases: Cases, oracle: Oracle) -> NDArray[np.int8]:
    result = np.zeros(slates.rows.shape, dtype=np.int8)
    groups: dict[tuple[str, ...], list[int]] = {}
    for row, constraints in enumerate(cases.constraints):
        if constraints:
            groups.setdefault(constraints, []).append(row)
    for constraints, members in groups.items():
        result[members] = oracle.verdicts(slates.rows[members], dict.fromkeys(constraints, cases.threshold))
    result[~slates.filled] = 0
    return result
