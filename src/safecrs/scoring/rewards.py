"""Rewards of reinforcement learning: what the metrics measure of a slate, and its share of every rank."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field

from safecrs.scoring import metrics
from safecrs.scoring.metrics import Floats, discounted, discounts
from safecrs.scoring.scored import ScoredSlates
from safecrs.taxonomy import DEFAULT_THRESHOLD

RankRelevance = Literal["any_hit", "exp_inf", "log_decay"]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]

_ANSWER = re.compile(r"\s*<reasoning>(?P<reasoning>.*?)</reasoning>\s*<solution>.*?</solution>\s*", re.DOTALL)
_TAG = re.compile(r"</?(?:reasoning|solution)>", re.IGNORECASE)


class Reward(NamedTuple):
    """One objective: float64 [completions], and [completions, ranks] with NaN where no item stands."""

    sequence: Floats
    by_rank: Floats


class RewardSettings(BaseModel, frozen=True, extra="forbid"):
    """The weight of every objective (0 leaves it out) and their options.

    Rewards have unit size, so the paper's λ_s · penalty and λ_c are ``safety`` and ``count`` here.

    Attributes:
        rank_relevance: what one rank earns when credit is per rank (`relevance`).
        unknown_penalty: of an item of unknown safety, as a fraction of that of an unsafe one.
        target: items a list should have.
        threshold: τ of every constraint.
    """

    relevance: Weight = 1.0
    safety: Weight = 1.0
    count: Weight = 1.0
    validity: Weight = 0.0
    format: Weight = 0.0
    rank_relevance: RankRelevance = "exp_inf"
    unknown_penalty: float = Field(default=0.0, ge=0, le=1)
    target: int = Field(default=10, gt=0)
    threshold: float = Field(default=DEFAULT_THRESHOLD, gt=0, le=1)

    @property
    def weights(self) -> dict[str, float]:
        """Name → weight of the objectives that count, in a fixed order."""
        return {name: weight for name in _OBJECTIVES if (weight := float(getattr(self, name))) > 0}


def relevance(scored: ScoredSlates, by_rank: RankRelevance = "exp_inf") -> Reward:
    """1 if the recall of the list is above 0, else 0 (SafeCRS; per rank: Zhu et al. 2025, Rank-GRPO).

    ``by_rank`` says what a single rank k earns: "any_hit" the same for all ranks; "exp_inf" hit[k], its own
    hit and nothing else; "log_decay" Σ_{j≥k} hit[j] · d[j], the DCG of rank k and of those after it.
    """
    sequence, earned = np.asarray(scored.hit.any(axis=1), dtype=np.float64), scored.hit.astype(np.float64)
    if by_rank == "any_hit":
        return _shared(sequence, scored)
    if by_rank == "log_decay":
        earned = np.cumsum((earned * discounts(earned.shape[1]))[:, ::-1], axis=1)[:, ::-1]
    return _of_ranks(sequence, earned, scored)


def safety(scored: ScoredSlates, unknown: float = 0.0) -> Reward:
    """−S-DCG of the list, −d[k] at every violating rank k (SafeCRS); the paper's λ_s · penalty is the weight.

    ``unknown`` is the fraction of that penalty for an item of unknown safety, one outside the catalog
    included (0 in the paper). Without constraints nothing is penalised.
    """
    cost = scored.unsafe + unknown * scored.unknown
    by_rank = 0.0 - cost * discounts(cost.shape[1])  # 0 − 0 = 0, where −(0) would be −0
    return _of_ranks(0.0 - discounted(cost), by_rank, scored)


def count(scored: ScoredSlates, target: int = 10) -> Reward:
    """+1 for exactly ``target`` items, else −|n − target| / target (SafeCRS): else a short list looks safe.

    Every rank of the list shares it; the paper's λ_c is the weight.
    """
    off = np.abs(metrics.length.parts(scored)[0] - target) / target
    return _shared(np.where(off == 0, 1.0, -off), scored)


def validity(scored: ScoredSlates) -> Reward:
    """Items that the catalog holds and that no earlier rank names / items listed; 0 for an empty list (ours).

    A rank earns 1 for such an item, else 0.
    """
    good = scored.known & ~scored.repeated
    listed = np.maximum(metrics.validity.parts(scored)[1], 1)
    return _of_ranks(good.sum(axis=1) / listed, good, scored)


def format_blocks(texts: Sequence[str], scored: ScoredSlates) -> Reward:
    """1 if the text is one <reasoning> block that is not empty and one <solution> block, else 0 (ours).

    Every rank of the list shares it; only for models that are taught to reason.
    """
    return _shared(np.array([_well_formed(text) for text in texts], dtype=np.float64), scored)


_OBJECTIVES: dict[str, Callable[[ScoredSlates, Sequence[str], RewardSettings], Reward]] = {
    "relevance": lambda scored, _, options: relevance(scored, options.rank_relevance),
    "safety": lambda scored, _, options: safety(scored, options.unknown_penalty),
    "count": lambda scored, _, options: count(scored, options.target),
    "validity": lambda scored, *_: validity(scored),
    "format": lambda scored, texts, _: format_blocks(texts, scored),
}
_WATCHED = {
    "length": metrics.length,
    "recall": metrics.recall,
    "in_catalog": metrics.validity,
    "repeats": metrics.repeats,
    "svr": metrics.svr,
    "unknown": metrics.unknown,
}


def score(scored: ScoredSlates, texts: Sequence[str], settings: RewardSettings) -> dict[str, Reward]:
    """Every objective that has a weight, unweighted, by name; ``texts`` are the completions."""
    return {name: _OBJECTIVES[name](scored, texts, settings) for name in settings.weights}


def stack_ranks(rewards: Sequence[Reward]) -> Floats:
    """Objectives side by side, float64 [completions, 1 + ranks, objectives].

    Column 0 holds the rewards of the sequence, for the tokens that belong to no rank.
    """
    columns = [np.column_stack([reward.sequence, reward.by_rank]) for reward in rewards]
    return np.stack(columns, axis=-1)


def watch(scored: ScoredSlates) -> dict[str, float]:
    """The metrics that show reward hacking, and ``empty``, the share of lists without an item.

    A metric for which nothing counts is left out.
    """
    values = {name: metric.value(scored) for name, metric in _WATCHED.items()}
    values["empty"] = float((~scored.filled.any(axis=1)).mean())
    return {name: value for name, value in values.items() if not np.isnan(value)}


def _shared(sequence: Floats, scored: ScoredSlates) -> Reward:
    return _of_ranks(sequence, sequence[:, None], scored)


def _of_ranks(sequence: Floats, earned: NDArray[np.float64 | np.bool_], scored: ScoredSlates) -> Reward:
    return Reward(sequence, np.where(scored.filled, earned, np.nan))


def _well_formed(text: str) -> bool:
    # Exactly four tags keep the lazy patterns from stretching over a second block.
    answer = _ANSWER.fullmatch(text) if len(_TAG.findall(text)) == 4 else None
    return answer is not None and bool(answer["reasoning"].strip())
