"""The loop below all decoding: what several completions share is read once, and changes none of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ranker_world import ask, make_tiny

from safecrs.recommenders.constrained.ranker import ConstrainedRanker
from safecrs.recommenders.language_models.generation import generate, pass_width
from safecrs.recommenders.language_models.ranker import LanguageModelRanker


@pytest.mark.parametrize("whole_labels", [True, False])
@pytest.mark.parametrize("batch_size", [2, 7])
def test_a_prompt_that_many_share_is_read_once(catalog, oracle, whole_labels, batch_size):
    model = make_tiny(catalog, 1, whole_labels=whole_labels)
    inner = LanguageModelRanker(
        model, catalog, name="tiny", reasoning="given", temperature=1.0, batch_size=batch_size
    )
    ranker = ConstrainedRanker(inner, oracle)
    requests = [ask("films for a rainy day", ["gore"])] * 4 + [ask("hi")] + [ask("hello")] * 2
    shapes = []
    hook = model.model.register_forward_pre_hook(
        lambda _module, _given, named: shapes.append(tuple(named["input_ids"].shape)), with_kwargs=True
    )
    together = ranker.write(requests, k=3)
    hook.remove()
    read = sum(rows for rows, width in shapes if width > 8)
    assert read == {2: 6, 7: 3}[batch_size]  # of 7 completions with 3 beginnings
    assert len({tuple(completion.rows) for completion in together[:4]}) > 1  # and yet they differ
    prompts, decoders = ranker.prepare(requests, k=3)
    for prompt, decoder in zip(prompts, decoders, strict=True):
        generate(model.model, [prompt], [decoder], batch_size=1, chunk=8)
    for one, alone in zip(together, decoders, strict=True):
        assert one.tokens == alone.completion.tokens
        assert one.log_probabilities == pytest.approx(alone.completion.log_probabilities, abs=1e-4)


def test_without_an_oracle_the_catalog_is_the_only_limit(catalog, oracle):
    model = make_tiny(catalog, 0, whole_labels=True)
    inner = LanguageModelRanker(model, catalog, name="tiny", reasoning="given")
    request = ask("anything", ["gore"], seen=[1, 2])
    (slate,) = ConstrainedRanker(inner, None).recommend([request], k=len(catalog))
    assert sorted(item.row for item in slate) == sorted(set(range(len(catalog))) - {1, 2})


def test_a_pass_is_as_wide_as_pays():
    one_long = [1] * 63 + [8]
    assert pass_width(one_long, 8, overhead=5) == 1  # 64 tokens beat 71 for the price of 512
    assert pass_width(one_long, 8, overhead=5000) == 8
    assert pass_width([8] * 64, 8, overhead=5) == 8
    assert pass_width([8] * 64, 3, overhead=5) == 3
    assert pass_width([0, 0, 4], 8, overhead=0) == 4


@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=40).filter(any),
    st.integers(1, 40),
    st.floats(0, 1e6),
)
def test_no_other_width_costs_less_a_token(waiting, most, overhead):
    def cost(width):
        return (overhead + len(waiting) * width) / sum(min(length, width) for length in waiting)

    chosen = pass_width(waiting, most, overhead)
    assert 1 <= chosen <= min(most, max(waiting))
    assert cost(chosen) <= min(map(cost, range(1, most + 1))) * (1 + 1e-9)
