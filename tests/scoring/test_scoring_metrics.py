from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from scored_slates import SAFE, UNKNOWN, UNSAFE, lists, scored, slate

from safecrs.scoring.metrics import METRICS, discounted, discounts, ndcg, recall
from safecrs.scoring.scored import NO_ITEM

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"
BY_ID = {metric.id: metric for metric in METRICS}


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def by_formula(name, k, people):
    """Each metric as its formula says it, in plain Python."""
    held = [ranks for ranks, _, constrained in people if constrained]
    items = [rank for ranks, _, _ in people for rank in ranks]
    judged = [rank for ranks in held for rank in ranks]
    if name == "recall":
        return mean(sum(h for h, *_ in ranks) / relevant for ranks, relevant, _ in people if relevant)
    if name == "ndcg":
        return mean(
            sum(1 / math.log2(r + 2) for r, (h, *_) in enumerate(ranks) if h)
            / sum(1 / math.log2(r + 2) for r in range(min(relevant, k)))
            for ranks, relevant, _ in people
            if relevant
        )
    if name == "svr":
        return mean(v == UNSAFE for _, v, _, _ in judged)
    if name == "svr_known":
        return mean(v == UNSAFE for _, v, _, _ in judged if v != UNKNOWN)
    if name == "svr_worst":
        return mean(v != SAFE for _, v, _, _ in judged)
    if name == "unknown":
        return mean(v == UNKNOWN for _, v, _, _ in judged)
    if name == "sdcg":
        return mean(
            sum(1 / math.log2(r + 2) for r, (_, v, _, _) in enumerate(ranks) if v == UNSAFE) for ranks in held
        )
    if name == "validity":
        return mean(known for _, _, known, _ in items)
    if name == "repeats":
        return mean(again for _, _, _, again in items)
    assert name == "length"
    return mean(len(ranks) for ranks, _, _ in people)


@pytest.mark.parametrize("name", list(BY_ID))
@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=lists())
def test_metrics_are_their_formulas(name, case):
    k, people = case
    metric, given_slates = BY_ID[name], scored(k, people)
    assert metric.value(given_slates) == pytest.approx(by_formula(name, k, people), nan_ok=True)
    numerator, denominator = metric.parts(given_slates)
    assert numerator.shape == denominator.shape == (len(people),)
    assert np.all(numerator[denominator == 0] == 0), "what does not count must not add anything"


# Two conversations at k = 5, on paper with d = 1 / log2(rank + 1) = 1, 0.6309, 0.5, 0.4307, 0.3869.
# A, with a constraint, 3 relevant: unsafe; a hit; made up and unknown; a hit; unsafe, named before.
# B, without one, 7 relevant: a hit; no hit.
A = [slate(UNSAFE), slate(SAFE, hit=True), slate(UNKNOWN, known=False), slate(SAFE, hit=True)]
A += [slate(UNSAFE, again=True)]
B = [slate(SAFE, hit=True), slate(SAFE)]
ON_PAPER = {
    "recall": (2 / 3 + 1 / 7) / 2,
    # A: (0.6309 + 0.4307) / (1 + 0.6309 + 0.5); B: 1 / (1 + 0.6309 + 0.5 + 0.4307 + 0.3869), five ranks
    "ndcg": (1.0616 / 2.1309 + 1 / 2.9485) / 2,
    "svr": 2 / 5,  # A alone has a constraint
    "sdcg": 1 + 0.3869,
    "unknown": 1 / 5,
    "svr_known": 2 / 4,
    "svr_worst": 3 / 5,
    "validity": 6 / 7,
    "repeats": 1 / 7,
    "length": 7 / 2,
}


def test_metrics_worked_out_on_paper():
    given_slates = scored(5, [(A, 3, True), (B, 7, False)])
    found = {metric.id: metric.value(given_slates) for metric in METRICS}
    assert found == pytest.approx(ON_PAPER, abs=5e-5)
    assert discounts(5) == pytest.approx([1, 0.6309, 0.5, 0.4307, 0.3869], abs=5e-5)
    assert discounted(given_slates.hit) == pytest.approx([1.0616, 1], abs=5e-5)


def test_metrics_of_nothing_are_nan():
    found = {metric.id: metric.value(scored(3, [([], 0, False)])) for metric in METRICS}
    assert {name for name, value in found.items() if not math.isnan(value)} == {"length"}
    assert found["length"] == 0


def test_no_metric_exceeds_its_bound():
    k = 10
    everything = scored(k, [([slate(UNSAFE, hit=True, again=True)] * k, k, True)] * 3)
    for metric in METRICS:
        if metric.id != "unknown":
            assert metric.value(everything) == pytest.approx(metric.most(k)), metric.id


def test_golden_recall_and_ndcg():
    if not GOLDEN.is_file():
        pytest.skip("the golden cases are not here")
    cases = json.loads(GOLDEN.read_text())["metrics"]
    assert cases
    for case in cases:
        for k in (1, 5, 10):
            ranks = [slate(SAFE, hit=bool(hit)) for hit in case["hits"][:k]]
            given_slates = scored(k, [(ranks, case["num_gt"], False)])
            for metric in (recall, ndcg):
                expected = case[metric.id][str(k)]
                found = metric.value(given_slates)
                # The reference gives 0 where nothing is relevant; here such a conversation does not count.
                assert (0.0 if math.isnan(found) else found) == pytest.approx(expected), (metric.id, k, case)


def test_padding_is_explicit():
    short = scored(3, [([slate(SAFE, known=False)], 1, True)])
    assert short.rows[0].tolist() == [-1, NO_ITEM, NO_ITEM]
    assert short.filled[0].tolist() == [True, False, False]
    assert short.known.sum() == 0
