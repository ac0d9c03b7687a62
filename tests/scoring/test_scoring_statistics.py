from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.scoring.metrics import recall, svr
from safecrs.scoring.statistics import (
    Clusters,
    Comparison,
    Estimate,
    bootstrap_weights,
    compare,
    estimate,
    holm,
)
from tiny_world import make_sample


def ones(n):
    return np.ones(n)


def comparison(p, name="a"):
    difference = Estimate(value=0.1, low=0.0, high=0.2)
    return Comparison(system=name, baseline="b", metric="recall", difference=difference, p=p, p_holm=p)


def test_interval_holds_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    n, weights = 60, bootstrap_weights(60, 500, seed=1)
    inside = 0
    for _ in range(300):
        found = estimate(rng.random(n) < 0.3, ones(n), weights)
        inside += found.low <= 0.3 <= found.high
    assert 0.88 <= inside / 300 <= 0.99


def test_interval_narrows_with_more_people():
    rng = np.random.default_rng(2)
    widths = []
    for n in (50, 800):
        found = estimate(rng.random(n), ones(n), bootstrap_weights(n, 500))
        widths.append(found.high - found.low)
        assert found.low <= found.value <= found.high
    assert widths[1] == pytest.approx(widths[0] / 4, rel=0.35)


def test_no_violation_seen_is_not_none_possible():
    for n in (1, 10, 300):
        found = estimate(np.zeros(n), ones(n), bootstrap_weights(n, 50))
        assert (found.value, found.low) == (0.0, 0.0)
        assert (1 - found.high) ** n == pytest.approx(0.025), "seeing none has this probability at that share"
    assert found.high == pytest.approx(3.69 / 300, rel=0.01), "the rule of three, two-sided"
    two = np.array([1.0, 1.0, 0.0])
    assert estimate(np.zeros(3), two, bootstrap_weights(3, 50)).high == pytest.approx(1 - 0.025**0.5)
    assert estimate(np.zeros(9), ones(9), bootstrap_weights(9, 50), most=4.0).high == pytest.approx(
        4 * (1 - 0.025 ** (1 / 9))
    )


def test_all_at_the_top_is_not_certain_to_stay_there():
    found = estimate(2 * ones(10), 2 * ones(10), bootstrap_weights(10, 50))
    assert (found.value, found.high) == (1.0, 1.0)
    assert found.low == pytest.approx(0.025 ** (1 / 10))


def test_nothing_counted_gives_no_number():
    found = estimate(np.zeros(4), np.zeros(4), bootstrap_weights(4, 50))
    assert found == Estimate(value=None, low=None, high=None)


def test_resamples_without_anything_counted_are_left_out():
    denominator = np.array([1.0, 0.0, 0.0, 0.0])
    found = estimate(denominator / 2, denominator, bootstrap_weights(4, 400))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_people_are_clusters_and_dialogues_stand_alone(world):
    names = ["movielens:1:0", "movielens:1:1", "movielens:12:0", "redial:1", "reddit-v2:test:1"]
    names.append("reddit-v2:test:2")
    samples = [make_sample(world.oracle, name, [4], [1]) for name in names]
    clusters = Clusters.of_samples(samples)
    assert clusters.count == 5
    assert clusters.of[0] == clusters.of[1]
    assert len(set(clusters.of[1:].tolist())) == 5
    sums = clusters.sums(np.array([1.0, 2.0, 4.0, 8.0, 16.0, 32.0]))
    assert sorted(sums.tolist()) == [3.0, 4.0, 8.0, 16.0, 32.0]


def test_cluster_bootstrap_of_singletons_is_the_plain_one():
    rng = np.random.default_rng(3)
    values = rng.random(40)
    clusters = Clusters(np.arange(40), 40)
    weights = bootstrap_weights(40, 1000, seed=4)
    found = estimate(clusters.sums(values), clusters.sums(ones(40)), weights)
    drawn = np.random.default_rng(4).multinomial(40, np.full(40, 1 / 40), size=1000)
    means = np.array([np.repeat(values, counts).mean() for counts in drawn])
    assert found.value == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])))


def test_repeated_conversations_of_a_person_add_no_certainty():
    rng = np.random.default_rng(5)
    values = rng.random(30)
    weights = bootstrap_weights(30, 1000)
    once = estimate(values, ones(30), weights)
    ten_times = estimate(10 * values, 10 * ones(30), weights)
    assert (ten_times.low, ten_times.high) == pytest.approx((once.low, once.high))


def pair(seed, shift, n=60):
    rng = np.random.default_rng(seed)
    base = rng.random(n)
    return np.clip(base + shift + rng.normal(0, 0.1, n), 0, 1), np.clip(base + rng.normal(0, 0.1, n), 0, 1)


def test_a_clear_difference_is_found_and_noise_is_not():
    weights = bootstrap_weights(60, 500)
    better, base = pair(0, 0.2)
    clear = compare(recall, ("new", (better, ones(60))), ("old", (base, ones(60))), weights)
    assert clear.p < 0.001
    assert clear.difference.low > 0
    assert clear.difference.value == pytest.approx((better - base).mean())
    p_values = []
    for seed in range(8):
        same, base = pair(seed + 1, 0.0)
        p_values.append(
            compare(recall, ("new", (same, ones(60))), ("old", (base, ones(60))), weights, seed).p
        )
    assert np.median(p_values) > 0.1
    assert min(p_values) > 0.005


def test_equal_systems_are_equal():
    values = np.random.default_rng(0).random(20)
    found = compare(recall, ("a", (values, ones(20))), ("b", (values, ones(20))), bootstrap_weights(20, 100))
    assert found.p == 1.0
    assert found.difference.value == 0.0
    assert not found.significant


def test_comparison_is_symmetric():
    weights = bootstrap_weights(60, 300)
    better, base = pair(0, 0.05)
    length = np.random.default_rng(1).integers(1, 10, 60).astype(float)
    forth = compare(svr, ("a", (better * length, length)), ("b", (base, ones(60))), weights)
    back = compare(svr, ("b", (base, ones(60))), ("a", (better * length, length)), weights)
    assert back.p == pytest.approx(forth.p)
    assert back.difference.value == pytest.approx(-forth.difference.value)
    assert (back.difference.low, back.difference.high) == pytest.approx(
        (-forth.difference.high, -forth.difference.low)
    )


def test_permutation_p_is_the_exact_one_for_few_people():
    """Four people, each better by one: of 16 assignments two are as extreme."""
    found = compare(
        recall, ("a", (ones(4), ones(4))), ("b", (np.zeros(4), ones(4))), bootstrap_weights(4, 50)
    )
    assert found.p == pytest.approx(2 / 16, abs=0.015)


def test_nothing_to_compare():
    none = np.zeros(3)
    found = compare(svr, ("a", (none, none)), ("b", (none, ones(3))), bootstrap_weights(3, 50))
    assert (found.difference.value, found.p, found.significant) == (None, 1.0, False)


def test_holm_by_hand():
    adjusted = holm([comparison(p) for p in (0.01, 0.04, 0.03, 0.005)])
    assert [c.p_holm for c in adjusted] == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert [c.significant for c in adjusted] == [True, False, False, True]
    assert holm([]) == []


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_properties(p_values):
    adjusted = holm([comparison(p) for p in p_values])
    assert [c.p for c in adjusted] == p_values, "in the same order"
    assert all(c.p <= c.p_holm <= 1.0 for c in adjusted)
    ranked = sorted(adjusted, key=lambda c: c.p)
    assert all(a.p_holm <= b.p_holm for a, b in pairwise(ranked))
    assert ranked[0].p_holm == pytest.approx(min(1.0, ranked[0].p * len(p_values)))
