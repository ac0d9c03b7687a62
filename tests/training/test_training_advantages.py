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
