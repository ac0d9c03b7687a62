"""Log-probabilities renormalised over the allowed: against the plain formula, with its gradient."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.recommenders.constrained import Completion
from safecrs.training.gdpo.choices import Choices, logits_only_at

VOCABULARY = 11


@st.composite
def completions(draw):
    """Any mix of forced tokens, listed choices and choices among everything."""
    written = []
    for _ in range(draw(st.integers(1, 4))):
        one = Completion()
        for position in range(draw(st.integers(1, 7))):
            kind = draw(st.sampled_from(["forced", "listed", "everything"]))
            options = draw(
                st.lists(st.integers(0, VOCABULARY - 1), min_size=2, max_size=VOCABULARY, unique=True)
            )
            one.tokens.append(draw(st.sampled_from(options)))
            one.chosen.append(kind != "forced")
            one.log_probabilities.append(0.0)
            if kind == "listed":
                one.options[position] = np.array(sorted(options), dtype=np.int32)
        written.append(one)
    return written


def plainly(written, logits):
    """log softmax over the options and its entropy, one choice at a time, with the gradient of both."""
    values, entropies = [], []
    number = 0
    for one in written:
        for position, token in enumerate(one.tokens):
            if not one.chosen[position]:
                continue
            options = one.options.get(position, np.arange(VOCABULARY)).tolist()
            logps = logits[number][options].log_softmax(dim=0)
            values.append(logps[options.index(token)])
            entropies.append(-(logps.exp() * logps).sum())
            number += 1
    return torch.stack(values), torch.stack(entropies)


@settings(max_examples=150, deadline=None)
@given(written=completions(), seed=st.integers(0, 1000))
def test_equal_to_the_formula_in_value_and_gradient(written, seed):
    choices = Choices.of(written)
    rows, columns = choices.positions()
    assert len(rows) == sum(sum(one.chosen) for one in written)
    if not len(rows):
        return
    logits = 5 * torch.randn(
        len(rows), VOCABULARY, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )
    logits.requires_grad_()
    tokens = torch.tensor([written[row].tokens[column] for row, column in zip(rows, columns, strict=True)])
    found = choices.judge(logits, tokens)
    expected = plainly(written, logits)
    weights = torch.linspace(1, 2, len(rows), dtype=torch.float64)
    for value, wanted in zip(found, expected, strict=True):
        assert value.detach().numpy() == pytest.approx(wanted.detach().numpy(), abs=1e-9)
        (ours,) = torch.autograd.grad((value * weights).sum(), logits, retain_graph=True)
        (theirs,) = torch.autograd.grad((wanted * weights).sum(), logits, retain_graph=True)
        assert torch.allclose(ours, theirs, atol=1e-9)


@settings(max_examples=50, deadline=None)
@given(written=completions(), seed=st.integers(0, 1000))
def test_columns_of_a_batch_may_be_shuffled_and_split(written, seed):
    choices = Choices.of(written)
    order = np.random.default_rng(seed).permutation(len(written))
    moved = {name: column[torch.as_tensor(order)] for name, column in choices.columns().items()}
    again = Choices.from_batch(moved | {"advantages": torch.zeros(1)})
    alone = Choices.of([written[row] for row in order])
    assert torch.equal(again.counts, alone.counts)
    assert torch.equal(again.ids, alone.ids)
    half = slice(0, len(written) // 2 + 1)
    assert torch.equal(again[half].counts, alone.counts[half])
    assert Choices.from_batch({"advantages": torch.zeros(1)}) is None


def test_the_head_reads_the_asked_positions_alone(model_folder):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(model_folder)
    ids = torch.arange(20, 32).reshape(2, 6)
    whole = model(ids).logits
    rows, columns = torch.tensor([0, 1, 1]), torch.tensor([4, 0, 5])
    with logits_only_at(model, rows, columns):
        some = model(ids).logits
    assert some.shape == (3, whole.shape[-1])
    assert torch.allclose(some, whole[rows, columns], atol=1e-6)
    assert torch.equal(model(ids).logits, whole)  # and then everything again
