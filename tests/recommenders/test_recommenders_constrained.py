"""Constrained decoding: what it guarantees, and that it is the model's own choice among what is allowed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ranker_world import ask, make_tiny, path_of

from fake_oracle import make_verdict_oracle
from safecrs.errors import SafecrsError
from safecrs.oracle import Verdict, load_starter
from safecrs.recommenders.constrained import AllowedTitles, CatalogTrie, ConstrainedDecoder
from safecrs.recommenders.constrained.ranker import ConstrainedRanker
from safecrs.recommenders.language_models.checkpoint import encode
from safecrs.recommenders.language_models.generation import generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker
from safecrs.recommenders.rankers.ranking import resolved_slate
from safecrs.slates.completion import parse_slate
from safecrs.taxonomy import load_taxonomy


@pytest.fixture(scope="module")
def models(catalog):
    """Random models whose labels are one token each, and some that spell them."""
    return [make_tiny(catalog, seed, whole_labels=seed % 2 == 0) for seed in range(4)]


@pytest.fixture(scope="module")
def tries(catalog, models):
    return [CatalogTrie.build(catalog.labels, model.tokenizer) for model in models]


class Chunked(ConstrainedRanker):
    """Reads at most ``chunk`` tokens a pass."""

    reasoning_budget = 12
    chunk = 8

    def write(self, requests, k=10):
        prompts, decoders = self.prepare(requests, k)
        model, size = self.inner.language_model.model, self.inner.batch_size
        generate(model, prompts, decoders, batch_size=size, chunk=self.chunk)
        return [decoder.completion for decoder in decoders]


def ranker_of(language_model, catalog, oracle, *, unknown="allow", chunk=8, trie=None, **settings):
    inner = LanguageModelRanker(language_model, catalog, name="tiny", **settings)
    ranker = Chunked(inner, oracle, unknown, trie=trie)
    ranker.chunk = chunk
    return ranker


def texts_of(ranker, requests, k=10):
    return [ranker.inner.language_model.decode(each.tokens) for each in ranker.write(requests, k)]


def brute_force(language_model, prompt, prefix, paths, k):
    """The argmax among allowed continuations, title by title, the whole text read anew for every token.

    ``paths`` are those of the allowed rows; no tree, no cache, no batch.
    """
    tokens, left, rows = list(prefix), dict(paths), []
    while left and len(rows) < k:
        begun = []
        while True:
            options = sorted({path[len(begun)] for path in left.values() if path[: len(begun)] == begun})
            with torch.no_grad():
                logits = language_model.model(torch.tensor([[*prompt, *tokens]])).logits[0, -1]
            begun.append(max(options, key=lambda token: float(logits[token])))
            tokens.append(begun[-1])
            done = [row for row, path in left.items() if path == begun]
            if done:
                rows.append(done[0])
                del left[done[0]]
                break
    return rows, tokens


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_guarantees(catalog, models, tries, data):
    """For any model, verdicts, settings: nothing unsafe, seen, unknown if excluded, made up or repeated."""
    which = data.draw(st.integers(0, 3))
    some_rows = st.frozensets(st.integers(0, len(catalog) - 1))
    oracle = make_verdict_oracle(
        catalog,
        load_taxonomy("film").assigned,
        {"gore": data.draw(some_rows), "horror": data.draw(some_rows)},
        data.draw(some_rows),
    )
    requests = [
        ask("hi " * data.draw(st.integers(1, 6)), traits, data.draw(some_rows))
        for traits in data.draw(
            st.lists(
                st.sampled_from([(), ("gore",), ("horror",), ("gore", "horror")]), min_size=1, max_size=5
            )
        )
    ]
    unknown = data.draw(st.sampled_from(["allow", "exclude"]))
    k = data.draw(st.integers(0, 20))
    ranker = ranker_of(
        models[which],
        catalog,
        oracle,
        unknown=unknown,
        chunk=data.draw(st.sampled_from([1, 3, 50])),
        trie=tries[which],
        reasoning=data.draw(st.sampled_from(["generate", "given", "none"])),
        batch_size=data.draw(st.integers(1, 4)),
        temperature=data.draw(st.sampled_from([0.0, 1.0])),
        seed=data.draw(st.integers(0, 99)),
    )
    for request, slate in zip(requests, ranker.recommend(requests, k), strict=True):
        blocked = oracle.unsafe(request.constraints)
        if unknown == "exclude":
            blocked = blocked | oracle.unknown(request.constraints)
        allowed = set(np.flatnonzero(~blocked).tolist()) - request.seen
        rows = [item.row for item in slate]
        assert len(rows) == len(set(rows)) == min(k, len(allowed))
        assert set(rows) <= allowed
        assert [item[:2] for item in slate] == [(catalog.title(row), catalog.year(row)) for row in rows]


@pytest.mark.parametrize("which", range(4))
@pytest.mark.parametrize("chunk", [1, 4, 100])
def test_equal_to_brute_force(catalog, oracle, models, tries, which, chunk):
    requests = [
        ask("Alien, and then?", ["gore"]),
        ask("something short"),
        ask("a comedy for " + "my sister and " * 6 + "me", ["horror"], seen=[5, 6]),
        ask("anything", ["gore", "horror"], seen=range(7)),
        ask("more", seen=range(1, 16)),
    ]
    ranker = ranker_of(
        models[which], catalog, oracle, chunk=chunk, trie=tries[which], reasoning="given", batch_size=3
    )
    prompts = ranker.inner.prompts(requests, 400)
    prefixes = ranker.inner.prefills(requests)
    for request, prompt, prefix, completion in zip(
        requests, prompts, prefixes, ranker.write(requests, k=5), strict=True
    ):
        blocked = oracle.unsafe(request.constraints)
        paths = {
            row: path_of(tries[which], row)
            for row in range(len(catalog))
            if not blocked[row] and row not in request.seen
        }
        rows, tokens = brute_force(models[which], prompt, prefix, paths, 5)
        assert completion.rows == rows
        assert completion.tokens[: len(tokens)] == tokens


def test_jumping_forward_takes_far_fewer_passes(catalog, oracle, models, tries):
    calls = {}
    for chunk in (1, 50):
        passes = []
        hook = models[1].model.register_forward_hook(lambda *_, seen=passes: seen.append(1))
        ranker = ranker_of(models[1], catalog, oracle, chunk=chunk, trie=tries[1], reasoning="none")
        (slate,) = ranker.recommend([ask("hi")], k=10)
        hook.remove()
        calls[chunk] = len(passes)
        assert len(slate) == 10
    assert calls[50] * 3 < calls[1]


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("reasoning", ["generate", "given", "none"])
def test_the_completion_reads_as_the_slate(catalog, oracle, models, tries, which, reasoning):
    ranker = ranker_of(models[which], catalog, oracle, trie=tries[which], reasoning=reasoning)
    requests = [ask("hi", ["horror"]), ask("any western?", ["torture"])]
    slates, texts = ranker.recommend(requests, 6), texts_of(ranker, requests, 6)
    for slate, text in zip(slates, texts, strict=True):
        assert parse_slate(text) == [(item.title, item.year) for item in slate]
        assert text.startswith("<solution>\n" if reasoning == "none" else "<reasoning>")
        assert text.endswith("</solution>")
        assert text.count("</reasoning>") == (reasoning != "none")
    assert slates[1] == [], "with every title unsafe the list is empty"


def replay(model, prompt, completion, temperature):
    """Log-probabilities of the choices, from one pass over the whole text."""
    with torch.no_grad():
        logits = model.model(torch.tensor([[*prompt, *completion.tokens]])).logits[0] / temperature
    result = np.zeros(len(completion.tokens))
    for at, token in enumerate(completion.tokens):
        if completion.chosen[at]:
            line = logits[len(prompt) + at - 1]
            options = completion.options.get(at)
            among = line if options is None else line[torch.from_numpy(options).long()]
            result[at] = float(line[token] - among.logsumexp(0))
    return result


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("reasoning", ["generate", "given"])
def test_log_probabilities_are_renormalised_over_what_is_allowed(
    catalog, oracle, models, tries, which, reasoning
):
    ranker = ranker_of(
        models[which],
        catalog,
        oracle,
        trie=tries[which],
        reasoning=reasoning,
        temperature=0.7,
        batch_size=2,
    )
    requests = [ask("hi", ["horror"]), ask("any western, please?", ["gore"]), ask("x", seen=[1])]
    prompts = ranker.inner.prompts(requests, 300)
    for prompt, completion in zip(prompts, ranker.write(requests, 6), strict=True):
        expected = replay(models[which], prompt, completion, 0.7)
        assert np.allclose(completion.log_probabilities, expected, atol=1e-5)
        assert any(completion.chosen)
        assert not any(
            value
            for value, chosen in zip(completion.log_probabilities, completion.chosen, strict=True)
            if not chosen
        )
        for at, options in completion.options.items():
            assert completion.chosen[at]
            assert len(options) > 1
            assert completion.tokens[at] in options


def test_greedy_choices_are_certain(catalog, oracle, models, tries):
    (completion,) = ranker_of(models[1], catalog, oracle, trie=tries[1], reasoning="none").write(
        [ask("hi")], 5
    )
    assert set(completion.log_probabilities) == {0.0}
    assert sum(completion.chosen) == len(completion.options) > 0


class Puppet:
    """A model that writes what it is told: the reader's logits put the next token of the script first."""

    def __init__(self, tokenizer, script):
        self.script = encode([script], tokenizer)[0]
        self.size = len(tokenizer)

    def play(self, decoder):
        decoder.pending.clear()
        for token in [*self.script, *[0] * 400]:
            if decoder.finished:
                return
            logits = np.zeros(self.size, dtype=np.float32)
            logits[token] = 1.0
            decoder.write(logits)
            decoder.pending.clear()


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("No gore.</reasoning>", "<reasoning>No gore.</reasoning>\n<solution>\n"),
        ("No gore.</reasoning>\n", "<reasoning>No gore.</reasoning>\n<solution>\n"),
        ("No gore.<solution>", "<reasoning>No gore.<solution>\n"),
        ("No gore.<SOLUTION>\nAlien (1979)", "<reasoning>No gore.<SOLUTION>\n"),
        ("", "<reasoning></reasoning>\n<solution>\n"),
    ],
)
def test_reasoning_ends_where_the_model_ends_it(catalog, models, tries, which, said, expected):
    tokenizer = models[which].tokenizer
    titles = AllowedTitles(tries[which], np.zeros(len(catalog), dtype=bool))
    opening = encode(["<reasoning>"], tokenizer)[0]
    decoder = ConstrainedDecoder(models[which], titles, 2, opening, 60)
    Puppet(tokenizer, said + tokenizer.eos_token).play(decoder)
    text = tokenizer.decode(decoder.completion.tokens, skip_special_tokens=True)
    labels = "".join(f"{catalog.label(row)}\n" for row in decoder.completion.rows)
    assert text == f"{expected}{labels}</solution>"
    assert len(decoder.completion.rows) == 2
    assert decoder.completion.tokens[-1] == tokenizer.eos_token_id


def test_endless_reasoning_is_cut_at_the_budget(catalog, models, tries):
    tokenizer = models[0].tokenizer
    titles = AllowedTitles(tries[0], np.zeros(len(catalog), dtype=bool))
    decoder = ConstrainedDecoder(models[0], titles, 2, encode(["<reasoning>"], tokenizer)[0], 3)
    Puppet(tokenizer, "gore " * 50).play(decoder)
    head, _, tail = tokenizer.decode(decoder.completion.tokens).partition("</reasoning>\n<solution>\n")
    assert len(encode([head.removeprefix("<reasoning>")], tokenizer)[0]) == 3
    assert len(parse_slate(f"<solution>\n{tail}")) == 2


def test_a_slate_that_is_complete_from_the_start_asks_the_model_nothing(catalog, models, tries):
    only_one = np.ones(len(catalog), dtype=bool)
    only_one[3] = False
    decoders = [
        ConstrainedDecoder(models[0], AllowedTitles(tries[0], blocked), 4, [5])
        for blocked in (only_one, np.ones(len(catalog), dtype=bool))
    ]
    generate(NoModel(), [[1], [1]], decoders, batch_size=2, chunk=4)
    assert [decoder.completion.rows for decoder in decoders] == [[3], []]


class NoModel:
    """Has a training flag and cannot be called."""

    training = False

    def eval(self):
        return self

    def train(self, _mode):
        return self


def test_with_the_shipped_oracle_every_slate_is_full_safe_and_readable():
    oracle = load_starter("film")
    language_model = make_tiny(oracle.catalog)
    ranker = ranker_of(language_model, oracle.catalog, oracle, unknown="exclude", reasoning="none")
    requests = [ask("hi", [trait]) for trait in oracle.taxonomy.ids] + [ask("hi", oracle.taxonomy.ids)]
    everything = np.arange(len(oracle.catalog))
    for request, slate, text in zip(
        requests, ranker.recommend(requests), texts_of(ranker, requests), strict=True
    ):
        rows = [item.row for item in slate]
        safe = int((oracle.verdicts(everything, request.constraints) == Verdict.SAFE).sum())
        assert (oracle.verdicts(rows, request.constraints) == Verdict.SAFE).all()
        assert len(set(rows)) == min(10, safe)
        assert [item.row for item in resolved_slate(parse_slate(text), oracle.catalog)] == rows


def test_the_oracle_must_judge_this_catalog(catalog, models):
    from safecrs.catalog import Catalog, Item

    other = make_verdict_oracle(Catalog.from_items([Item("Alien", 1979)]), load_taxonomy("film").assigned, {})
    with pytest.raises(SafecrsError, match="different catalogs"):
        ConstrainedRanker(LanguageModelRanker(models[0], catalog, name="t"), other)
