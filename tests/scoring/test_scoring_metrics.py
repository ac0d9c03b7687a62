from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.oracle import Verdict
from safecrs.scoring.metrics import METRICS, ndcg, recall
from safecrs.scoring.scored import NO_ITEM, ScoredSlates

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"
BY_ID = {metric.id: metric for metric in METRICS}


@st.composite
def slates(draw):
    """ScoredSlates slates as plain lists of ranks, and as the arrays that metrics read."""
    k = draw(st.integers(1, 6))
    rank = st.tuples(st.booleans(), st.sampled_from(list(Verdict)), st.booleans(), st.booleans())
    people = draw(
        st.lists(
            st.tuples(st.lists(rank, max_size=k), st.integers(0, 8), st.booleans()), min_size=1, max_size=5
        )
    )
    people = [  # where nothing is relevant, nothing hits
        ([(hit and relevant > 0, *rest) for hit, *rest in ranks], relevant, holds)
        for ranks, relevant, holds in people
    ]
    n = len(people)
    hit, known, repeated = (np.zeros((n, k), dtype=bool) for _ in range(3))
    verdict = np.full((n, k), NO_ITEM, dtype=np.int8)
    for i, (ranks, _, _) in enumerate(people):
        for j, (is_hit, says, is_known, again) in enumerate(ranks):
            hit[i, j], verdict[i, j], known[i, j], repeated[i, j] = is_hit, says, is_known, again
    relevant = np.array([number for _, number, _ in people])
    constrained = np.array([holds for _, _, holds in people])
    rows = np.where(known, 1, -1).astype(np.int32)
    return k, people, ScoredSlates(hit, verdict, known, repeated, rows, relevant, constrained)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def by_hand(name, k, people):
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
        return mean(v == Verdict.UNSAFE for _, v, _, _ in judged)
    if name == "svr_known":
        return mean(v == Verdict.UNSAFE for _, v, _, _ in judged if v != Verdict.UNKNOWN)
    if name == "svr_worst":
        return mean(v != Verdict.SAFE for _, v, _, _ in judged)
    if name == "unknown":
        return mean(v == Verdict.UNKNOWN for _, v, _, _ in judged)
    if name == "sdcg":
        return mean(
            sum(1 / math.log2(r + 2) for r, (_, v, _, _) in enumerate(ranks) if v == Verdict.UNSAFE)
            for ranks in held
        )
    if name == "validity":
        return mean(known for _, _, known, _ in items)
    if name == "repeats":
        return mean(again for _, _, _, again in items)
    assert name == "length"
    return mean(len(ranks) for ranks, _, _ in people)


@pytest.mark.parametrize("name", list(BY_ID))
@settings(max_examples=60, deadline=None, derandomize=True)
@given(case=slates())
def test_metrics_are_their_formulas(name, case):
    k, people, judged = case
    metric = BY_ID[name]
    assert metric.value(judged) == pytest.approx(by_hand(name, k, people), nan_ok=True)
    numerator, denominator = metric.parts(judged)
    assert numerator.shape == denominator.shape == (len(people),)
    assert np.all(numerator[denominator == 0] == 0), "what does not count must not add anything"


def test_no_metric_exceeds_its_bound():
    k, n = 10, 3
    everything = ScoredSlates(
        np.ones((n, k), dtype=bool),
        np.full((n, k), Verdict.UNSAFE, dtype=np.int8),
        np.ones((n, k), dtype=bool),
        np.ones((n, k), dtype=bool),
        np.ones((n, k), dtype=np.int32),
        np.full(n, k),
        np.ones(n, dtype=bool),
    )
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
            hit = np.zeros((1, k), dtype=bool)
            given_hits = case["hits"][:k]
            hit[0, : len(given_hits)] = given_hits
            blank = np.zeros((1, k), dtype=bool)
            judged = ScoredSlates(
                hit,
                np.zeros((1, k), dtype=np.int8),
                blank,
                blank,
                np.zeros((1, k), dtype=np.int32),
                np.array([case["num_gt"]]),
                np.array([False]),
            )
            for metric in (recall, ndcg):
                expected = case[metric.id][str(k)]
                found = metric.value(judged)
                # The reference gives 0 where nothing is relevant; here such a conversation does not count.
                assert (0.0 if math.isnan(found) else found) == pytest.approx(expected), (metric.id, k, case)
