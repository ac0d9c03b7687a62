from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from safecrs.training.gdpo.advantages import gdpo_advantages, grpo_advantages

GOLDEN = Path(__file__).resolve().parents[2] / "../shared/golden/reference_cases.json"
GROUP, WEIGHTS = 4, (1.0, 0.5, 2.0)
BOTH = pytest.mark.parametrize("advantages", [gdpo_advantages, grpo_advantages])

# Steps of 1/8, as rewards are: a spread is either none or far above rounding.
steps = st.integers(-16, 16).map(lambda number: number / 8)
sequences = hnp.arrays(float, (3 * GROUP, 3), elements=steps)
ranked = hnp.arrays(float, (3 * GROUP, 5, 3), elements=steps)


@pytest.mark.skipif(not GOLDEN.is_file(), reason="the shared golden cases are not here")
def test_equal_the_reference():
    cases = json.loads(GOLDEN.read_text(encoding="utf-8"))["gdpo_advantages"]
    assert cases
    for case in cases:
        arguments = case["rewards"], case["weights"], case["num_generations"]
        assert gdpo_advantages(*arguments) == pytest.approx(case["gdpo"], abs=1e-6)
        assert grpo_advantages(*arguments) == pytest.approx(case["grpo"], abs=1e-6)


# Two objectives of weight 1 and 0.5 over a group of four.
REWARDS = [[1, 0], [0, 1], [1, 1], [0, 0]]


@pytest.fixture
def exact(monkeypatch):
    """Without the ε that is added to spreads."""
    monkeypatch.setattr("safecrs.training.gdpo.advantages.EPSILON", 0)
    return monkeypatch


def test_grpo_on_paper(exact):
    # Sums 1, 0.5, 1.5, 0: mean 0.75, deviations ±0.25 and ±0.75, spread √(1.25 / 3) = 0.6455.
    found = grpo_advantages(REWARDS, [1, 0.5], 4)
    assert found == pytest.approx([0.25 / 0.6455, -0.25 / 0.6455, 0.75 / 0.6455, -0.75 / 0.6455], abs=1e-4)
    # ε is added to the spread: 0.25 / (0.6455 + 0.5).
    exact.setattr("safecrs.training.gdpo.advantages.EPSILON", 0.5)
    assert grpo_advantages(REWARDS, [1, 0.5], 4)[0] == pytest.approx(0.2182, abs=1e-4)


def test_gdpo_on_paper(exact):
    # Each objective has mean 0.5 and spread √(1 / 3) = 0.5774, so ±0.8660; weighted sums 0.4330, −0.4330,
    # 1.2990, −1.2990 with mean 0 and spread √(3.75 / 3) = 1.1180 over the batch.
    expected = np.array([0.3873, -0.3873, 1.1619, -1.1619])
    assert gdpo_advantages(REWARDS, [1, 0.5], 4) == pytest.approx(expected, abs=1e-4)
    # The first objective ten times as large drowns the second for GRPO (10, 0.5, 10.5, 0: spread 5.7807).
    larger = np.array(REWARDS) * [10, 1]
    assert gdpo_advantages(larger, [1, 0.5], 4) == pytest.approx(expected, abs=1e-4)
    found = grpo_advantages(larger, [1, 0.5], 4)
    assert found == pytest.approx([0.8217, -0.8217, 0.9082, -0.9082], abs=1e-4)
    # Beside a group that has nothing to compare the spread of the batch is √(3.75 / 7) = 0.7319.
    found = gdpo_advantages(REWARDS + [[1, 1]] * 4, [1, 0.5], 4)
    assert found == pytest.approx([0.5916, -0.5916, 1.7748, -1.7748, 0, 0, 0, 0], abs=1e-4)


def test_ranks_on_paper(exact):
    # Rank 1 earns 1, 0, 0, 1 (spread 0.5774); rank 2 stands in two lists only and earns 1, 0 (spread 0.7071).
    rewards = np.array([[[1], [1]], [[0], [0]], [[0], [np.nan]], [[1], [np.nan]]], dtype=float)
    expected = np.array([[0.8660, 0.7071], [-0.8660, -0.7071], [-0.8660, 0], [0.8660, 0]])
    assert grpo_advantages(rewards, [1], 4) == pytest.approx(expected, abs=1e-4)
    # GDPO divides by the spread over the batch: squares 4·0.75 + 2·0.5 = 4 of six entries, of which Bessel's
    # correction counts completions: √(4 / 6 · 4 / 3) = 0.9428.
    found = gdpo_advantages(rewards, [1], 4)
    assert found == pytest.approx(expected / 0.9428, abs=1e-4)


@given(sequences, st.permutations(range(GROUP)), st.permutations(range(3)))
@BOTH
def test_order_within_a_group_and_of_groups_does_not_matter(advantages, rewards, members, groups):
    order = (np.array(groups)[:, None] * GROUP + np.array(members)).ravel()
    found = advantages(rewards, WEIGHTS, GROUP)
    assert advantages(rewards[order], WEIGHTS, GROUP) == pytest.approx(found[order], abs=1e-9)


@given(ranked, hnp.arrays(float, 3, elements=st.floats(-10, 10)))
@BOTH
def test_what_is_added_to_a_reward_does_not_matter(advantages, rewards, shift):
    found = advantages(rewards, WEIGHTS, GROUP)
    assert advantages(rewards + shift, WEIGHTS, GROUP) == pytest.approx(found, abs=1e-6)


@given(ranked, hnp.arrays(float, 3, elements=st.floats(0.01, 100)))
def test_the_size_of_one_reward_does_not_matter_to_gdpo(rewards, scale):
    with patch("safecrs.training.gdpo.advantages.EPSILON", 0):
        plain, scaled = (gdpo_advantages(size * rewards, WEIGHTS, GROUP) for size in (1, scale))
    assert scaled == pytest.approx(plain, abs=1e-6)


@given(sequences)
@BOTH
def test_ranks_that_share_a_reward_are_judged_as_the_sequence(advantages, rewards):
    shared = np.repeat(rewards[:, None, :], 5, axis=1)
    found = advantages(rewards, WEIGHTS, GROUP)
    by_rank = advantages(shared, WEIGHTS, GROUP)
    assert by_rank == pytest.approx(np.repeat(found[:, None], 5, axis=1), abs=1e-9)


@given(ranked, hnp.arrays(bool, (3 * GROUP, 5)))
@BOTH
def test_a_missing_rank_has_no_advantage_and_no_influence_on_its_group(advantages, rewards, missing):
    holes = np.where(missing[..., None], np.nan, rewards)
    found = advantages(holes, WEIGHTS, GROUP)
    assert np.isfinite(found).all()
    assert (found[missing] == 0).all()
    for first in range(0, len(rewards), GROUP):
        alone = (~missing[first : first + GROUP]).sum(axis=0) == 1
        assert found[first : first + GROUP, alone] == pytest.approx(0, abs=1e-12)


@given(
    st.floats(-100, 100),
    st.integers(1, 5),
    hnp.arrays(float, (GROUP, 5, 3), elements=st.floats(-1, 1)),
)
@BOTH
def test_rounding_is_never_amplified(advantages, value, groups, noise):
    assume(abs(value) > 0.01)
    rewards = value * (1 + 1e-9 * np.tile(noise, (groups, 1, 1)))
    assert (advantages(rewards, WEIGHTS, GROUP) == 0).all()


@BOTH
def test_a_group_of_one_or_without_rewards_teaches_nothing(advantages):
    assert (advantages([[1.0], [2.0]], [1.0], 1) == 0).all()
    assert (advantages(np.full((4, 2), np.nan), [1.0, 1.0], 2) == 0).all()
    alone = np.full((4, 2, 1), np.nan)
    alone[:, 0, 0] = [0, 1, 0, 1]
    alone[1, 1, 0] = 5
    assert advantages(alone, [1.0], 4)[:, 1].tolist() == [0, 0, 0, 0]


def test_an_objective_without_a_reward_leaves_the_others():
    rewards = np.array([[0.0, 1.0], [1.0, np.nan], [0.0, 1.0], [1.0, 1.0]])
    found = gdpo_advantages(rewards, [1.0, 1.0], 4)
    assert found == pytest.approx(gdpo_advantages(rewards[:, :1], [1.0], 4))


def test_gdpo_keeps_apart_what_grpo_adds_up():
    # Two objectives whose sum is the same for everyone: nothing to compare for GRPO.
    rewards = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    assert (grpo_advantages(rewards, [1.0, 1.0], 4) == 0).all()
    assert gdpo_advantages(rewards, [2.0, 1.0], 4) == pytest.approx([-0.866, 0.866, -0.866, 0.866], abs=1e-3)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="weights"):
        gdpo_advantages(np.zeros((4, 2)), [1.0], 2)
    with pytest.raises(ValueError, match="groups of 3"):
        grpo_advantages(np.zeros((4, 2)), [1.0, 1.0], 3)
