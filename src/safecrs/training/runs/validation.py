"""The validation of checkpoints: the metrics of the evaluation, on a part of the validation split."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from safecrs.benchmark import Benchmark
from safecrs.benchmark.store import samples_fingerprint
from safecrs.oracle import Oracle
from safecrs.recommenders.base import Ranker
from safecrs.recommenders.constrained import CatalogTrie, ConstrainedRanker
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.recommenders.requests import requests_for
from safecrs.scoring.metrics import METRICS
from safecrs.scoring.scored import score_slates
from safecrs.scoring.statistics import Clusters, bootstrap_weights, estimate
from safecrs.slates.base import K, Slate
from safecrs.slates.template import Reasoning
from safecrs.storage import fingerprint
from safecrs.training.runs.processes import process_count
from safecrs.training.runs.selection import HIGH, LOW, SelectionSettings, Validation

_NAMES = {"recall": "recall@10", "ndcg": "ndcg@10", "svr": "svr@10", "unknown": "unknown", "length": "length"}
_SEED = 0  # of the part of the split: the same conversations for every run, whatever its own seed


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
