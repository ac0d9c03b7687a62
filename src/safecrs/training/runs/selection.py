"""Which checkpoint becomes the model: the best one on the validation split.

Candidates are the trainer's checkpoints (``save_steps``, or ``save_strategy = "epoch"``). Each answers the
same conversations of the validation split; the metrics are in the run's log as ``validation/…``. Chosen is
the highest Recall@10 among those whose SVR@10 is at most the ceiling, else the lowest SVR@10; ties by
NDCG@10, then the earlier one.

Everything is decided from files: a checkpoint is validated once it is complete on disk, and a run that is
killed in between validates it when it is resumed. Validation leaves the trainer's random state as it was.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from safecrs.benchmark import Benchmark
from safecrs.benchmark.store import samples_fingerprint
from safecrs.errors import SafecrsError
from safecrs.oracle import Oracle
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.constrained import CatalogTrie, ConstrainedRanker
from safecrs.recommenders.language_models.bases import MODEL_FILES
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.recommenders.requests import requests_for
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.scored import score_slates
from safecrs.scoring.statistics import Clusters, bootstrap_weights, estimate
from safecrs.slates.base import K, Slate
from safecrs.slates.template import Reasoning
from safecrs.storage import SUMS, fingerprint
from safecrs.training.preset import SelectionSettings
from safecrs.training.runs.log import Entry
from safecrs.training.runs.processes import process_count

VALIDATION = "validation/"
RECALL, NDCG, SVR = (f"{VALIDATION}{name}@10" for name in ("recall", "ndcg", "svr"))
SELECTED = "selected"
"""Logged at the end: the step of the checkpoint that became the model."""
LOW, HIGH = "/low", "/high"
"""Ends of an interval, after the name of what it belongs to."""
_NOT_MODEL = {"trainer_state.json", SUMS}
_NAMES = {"recall": "recall@10", "ndcg": "ndcg@10", "svr": "svr@10", "unknown": "unknown", "length": "length"}
_SEED = 0  # of the part of the split: the same conversations for every run, whatever its own seed


@dataclass(frozen=True, slots=True)
class Validation:
    """How checkpoints are compared.

    Attributes:
        measure: takes model and tokenizer, in every process; returns metrics by name: "recall@10", "ndcg@10",
            "svr@10" (absent where nothing could violate), further ones to watch, and "<name>/low", "/high".
        svr_ceiling: `None` means no ceiling.
        record: everything that decides what ``measure`` returns, for the run's manifest.
    """

    measure: Callable[[Any, Any], Mapping[str, float]]
    svr_ceiling: float | None = None
    record: Mapping[str, Any] = field(default_factory=dict)


def candidates(entries: Sequence[Entry]) -> list[Entry]:
    """The entries of checkpoints that were validated."""
    return [entry for entry in entries if RECALL in entry]


def choose(entries: Sequence[Entry], svr_ceiling: float | None) -> Entry | None:
    """The best of the validated checkpoints; None when there is none."""
    return max(candidates(entries), key=lambda entry: _merit(entry, svr_ceiling), default=None)


def selected(entries: Sequence[Entry], svr_ceiling: float | None) -> Entry | None:
    """What became the model, or would if training ended now."""
    steps = [entry[SELECTED] for entry in entries if SELECTED in entry]
    if not steps:
        return choose(entries, svr_ceiling)
    return next((entry for entry in candidates(entries) if entry["step"] == steps[-1]), None)


def _merit(entry: Entry, svr_ceiling: float | None) -> tuple[float, ...]:
    # A checkpoint without SVR listed no item that could violate: no reason to prefer it.
    svr = entry.get(SVR, float("inf"))
    under = svr_ceiling is None or svr <= svr_ceiling
    return (float(under), 0.0 if under else -svr, entry[RECALL], entry.get(NDCG, 0.0), -entry["step"])


def copy_model(checkpoint: Path, target: Path) -> None:
    """Copy model, tokenizer and their configuration from a trainer's checkpoint, without its state."""
    files = [path for pattern in MODEL_FILES for path in checkpoint.glob(pattern)]
    if not any(path.suffix == ".safetensors" for path in files):
        raise SafecrsError(
            f"{checkpoint} holds its weights in pieces that only the trainer can read: let it save whole "
            "weights, or take the last checkpoint (selection.samples=0)."
        )
    for path in files:
        if path.name not in _NOT_MODEL:
            shutil.copyfile(path, target / path.name)


def validation_for(
    benchmark: Benchmark, settings: SelectionSettings, *, reasons: bool, safe: bool
) -> Validation | None:
    """How a run on ``benchmark`` chooses its checkpoint; None without a validation split, or where it is off.

    Args:
        reasons: whether the model writes a safety analysis before its list.
        safe: whether it is trained to be safe: the ceiling applies to no other.
    """
    oracle, split = benchmark.oracle, benchmark.split("validation")
    if not split or not settings.samples:
        return None
    order = np.random.default_rng(_SEED).permutation(len(split))[: settings.samples]
    samples = [split[index] for index in sorted(order.tolist())]
    record = {
        "samples": len(samples),
        "decoding": settings.decoding,
        "reasons": reasons,
        "data": fingerprint(samples_fingerprint(samples), oracle.fingerprint),
    }
    measure = _Measure(samples, oracle, reasons=reasons, constrained=settings.decoding == "constrained")
    return Validation(measure, settings.svr_ceiling if safe else None, record)


class _Measure:
    """Lets a model in training answer the samples, and scores its lists."""

    def __init__(self, samples: list[Any], oracle: Oracle, *, reasons: bool, constrained: bool) -> None:
        self.samples, self.oracle = samples, oracle
        self.reasons, self.constrained = reasons, constrained
        self.clusters = Clusters.of_samples(samples)
        self.weights = bootstrap_weights(self.clusters.count, seed=_SEED)
        self.trie: CatalogTrie | None = None

    def __call__(self, model: Any, tokenizer: Any) -> Mapping[str, float]:
        """The metrics with their intervals; undefined ones are left out."""
        judged = score_slates(self._slates(model, tokenizer), self.samples, self.oracle, K)
        found: dict[str, float] = {}
        for metric in METRICS:
            if metric.id in _NAMES:
                numerator, denominator = metric.parts(judged)
                sums = self.clusters.sums(numerator), self.clusters.sums(denominator)
                result = estimate(*sums, self.weights, most=metric.most(K))
                ends = {"": result.value, LOW: result.low, HIGH: result.high}
                found |= {_NAMES[metric.id] + end: value for end, value in ends.items() if value is not None}
        return found

    def _slates(self, model: Any, tokenizer: Any) -> list[Slate]:
        """A slate for each sample; every process generates its share."""
        policy = self._policy(model, tokenizer)
        requests = requests_for(self.samples, self.oracle, told=self.constrained)
        if process_count() == 1:
            return policy.recommend(requests, K)
        from accelerate import PartialState
        from accelerate.utils import gather_object

        state = PartialState()
        mine = range(state.process_index, len(requests), state.num_processes)
        slates = policy.recommend([requests[index] for index in mine], K)
        told = dict(gather_object(list(zip(mine, slates, strict=True))))
        return [told[index] for index in range(len(requests))]

    def _policy(self, model: Any, tokenizer: Any) -> Ranker:
        written: Reasoning = "given" if self.constrained else "generate"
        inner = LanguageModelRanker(
            LanguageModel(model, tokenizer),
            self.oracle.catalog,
            name="checkpoint",
            reasoning=written if self.reasons else "none",
            taxonomy=self.oracle.taxonomy,
        )
        if not self.constrained:
            return inner
        self.trie = self.trie or CatalogTrie.build(self.oracle.catalog.labels, tokenizer)
        return ConstrainedRanker(inner, self.oracle, trie=self.trie)
