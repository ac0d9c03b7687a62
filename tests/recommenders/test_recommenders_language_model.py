"""A language model asked in plain chat."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ranker_world import ask, make_tiny

from safecrs.conversation import Message
from safecrs.errors import SafecrsError
from safecrs.recommenders.language_models.checkpoint import LanguageModel
from safecrs.recommenders.language_models.generation import FreeDecoder, Sampler, generate
from safecrs.recommenders.language_models.ranker import LanguageModelRanker, prompt_ids
from safecrs.slates.base import Request


def greedy_alone(language_model, prompt, budget):
    """One request at a time, everything read anew for every token."""
    tokens = []
    while len(tokens) < budget:
        with torch.no_grad():
            logits = language_model.model(torch.tensor([[*prompt, *tokens]])).logits[0, -1]
        token = int(logits.argmax())
        if token in language_model.ends:
            break
        tokens.append(token)
    return tokens


@pytest.mark.parametrize("chunk", [1, 3, 100])
def test_batches_of_any_shape_write_what_each_request_gets_alone(tiny, chunk):
    words = ["Alien", "a comedy", "no gore, thank you", "x"]
    requests = [ask(" and ".join(words[: 1 + index % 4] * (1 + index))) for index in range(9)]
    prompts = prompt_ids(requests, tiny.tokenizer, 400)
    budgets = [3, 12, 1, 7, 12, 12, 5, 2, 9]
    prefills = [prompts[0][: index % 3] for index in range(9)]
    decoders = [
        FreeDecoder(prefill, tiny.ends, budget) for prefill, budget in zip(prefills, budgets, strict=True)
    ]
    generate(tiny.model, prompts, decoders, batch_size=4, chunk=chunk)
    assert len({token for decoder in decoders for token in decoder.tokens}) > 15, (
        "the model must be worth asking"
    )
    for prompt, prefill, budget, decoder in zip(prompts, prefills, budgets, decoders, strict=True):
        assert decoder.tokens == prefill + greedy_alone(tiny, [*prompt, *prefill], budget)


def test_the_loop_agrees_with_transformers_own(tiny, catalog):
    requests = [ask("Alien"), ask("something to laugh about with my sister please")]
    ranker = LanguageModelRanker(tiny, catalog, name="tiny", max_new_tokens=20)
    inputs = tiny.tokenizer.pad({"input_ids": ranker.prompts(requests, 20)}, return_tensors="pt")
    width = inputs["input_ids"].shape[1]
    generated = tiny.model.generate(**inputs, max_new_tokens=20, do_sample=False)
    expected = tiny.tokenizer.batch_decode(
        generated[:, width:], skip_special_tokens=True, clean_up_tokenization_spaces=False
    )
    assert ranker.complete(requests) == expected


class Canned(LanguageModelRanker):
    def complete(self, requests):
        return [request.messages[0].content for request in requests]


def test_the_slate_is_what_the_model_wrote_repeats_and_inventions_included(tiny, catalog):
    ranker = Canned(tiny, catalog, name="tiny")
    text = "<solution>\nAlien (1979)\nAlien (1979)\nMade Up (2030)\nHeat\nEmma (1997)\n</solution>"
    (slate,) = ranker.recommend([ask(text)], k=4)
    assert [(item.title, item.year, item.row) for item in slate] == [
        ("Alien", 1979, 0),
        ("Alien", 1979, 0),
        ("Made Up", 2030, -1),
        ("Heat", None, -1),
    ]
    assert ranker.recommend([ask("I cannot help with that.")]) == [[]]


def test_reasoning_given_or_none_is_written_before_the_model_begins(tiny, catalog):
    request = ask("hi", ["gore"])
    given, none, own = (
        LanguageModelRanker(tiny, catalog, name="t", reasoning=reasoning, max_new_tokens=1).complete(
            [request]
        )[0]
        for reasoning in ("given", "none", "generate")
    )
    assert given.startswith("<reasoning>The user is sensitive to gore: leave out ")
    assert "</reasoning>\n<solution>\n" in given
    assert none.startswith("<solution>\n")
    assert "<solution>\n" not in own


def test_long_conversations_lose_their_oldest_messages_first(tiny):
    turns = tuple(Message(role="user", content=f"turn {number} " + "word " * 20) for number in range(5))
    (whole,) = prompt_ids([Request(turns)], tiny.tokenizer, 10_000)
    (last,) = prompt_ids([Request(turns[-1:])], tiny.tokenizer, 10_000)
    (cut,) = prompt_ids([Request(turns)], tiny.tokenizer, len(last) + 2)
    assert cut == last
    (shorter,) = prompt_ids([Request(turns)], tiny.tokenizer, 7)
    assert shorter == whole[-7:]


def test_sampling_depends_on_the_seed_and_the_place_not_on_the_batch(tiny, catalog):
    requests = [ask("hi")] * 5
    answers = [
        LanguageModelRanker(
            tiny, catalog, name="t", temperature=1.0, seed=seed, batch_size=size, max_new_tokens=12
        ).complete(requests)
        for seed, size in ((0, 5), (0, 2), (1, 5))
    ]
    assert answers[0] == answers[1]
    assert answers[0] != answers[2]
    assert len(set(answers[0])) > 1


def test_a_sampler_draws_by_the_softmax_and_says_with_what_probability():
    scores = np.array([0.0, 1.0, -1.0, -np.inf], dtype=np.float32)
    sampler = Sampler(temperature=0.5, seed=(3,))
    picks = [sampler.pick(scores) for _ in range(4000)]
    weights = np.exp(scores.astype(float) / 0.5)
    expected = weights / weights.sum()
    counts = np.bincount([at for at, _ in picks], minlength=4) / len(picks)
    assert np.abs(counts - expected).max() < 0.03
    assert counts[3] == 0
    for at, log_probability in picks[:50]:
        assert log_probability == pytest.approx(np.log(expected[at]))


def test_training_mode_is_put_back(tiny):
    tiny.model.train()
    try:
        generate(tiny.model, [[1, 2]], [FreeDecoder([], tiny.ends, 2)], batch_size=1, chunk=1)
        assert tiny.model.training
    finally:
        tiny.model.eval()


def test_a_folder_is_read_and_so_is_an_adapter_on_it(tmp_path, catalog):
    from peft import LoraConfig, get_peft_model

    fresh = make_tiny(catalog, seed=3)
    fresh.model.float().save_pretrained(tmp_path / "base")
    fresh.tokenizer.save_pretrained(tmp_path / "base")
    requests = [ask("Alien"), ask("Emma")]
    from_memory = LanguageModelRanker(fresh, catalog, name="m", max_new_tokens=12).complete(requests)
    from_folder = LanguageModelRanker(tmp_path / "base", catalog, name="f", max_new_tokens=12)
    assert from_folder.complete(requests) == from_memory

    wrapped = get_peft_model(fresh.model, LoraConfig(r=2, init_lora_weights=False, target_modules=["q_proj"]))
    wrapped.peft_config["default"].base_model_name_or_path = "../base"
    wrapped.save_pretrained(tmp_path / "adapter")
    live = LanguageModelRanker(LanguageModel(wrapped, fresh.tokenizer), catalog, name="w", max_new_tokens=12)
    adapter = LanguageModelRanker(tmp_path / "adapter", catalog, name="a", max_new_tokens=12)
    answers = adapter.complete(requests)
    assert answers == live.complete(requests)
    assert answers != from_memory


def test_folders_without_a_model_are_named(tmp_path):
    with pytest.raises(SafecrsError, match=r"nowhere is not a folder"):
        LanguageModel.load(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(SafecrsError, match=r"empty does not hold a causal language model"):
        LanguageModel.load(tmp_path / "empty")
    (tmp_path / "adapter").mkdir()
    (tmp_path / "adapter/adapter_config.json").write_text('{"base_model_name_or_path": "gone"}')
    with pytest.raises(
        SafecrsError, match=r"The base model of .*'gone', is not here: gone is not a model folder"
    ):
        LanguageModel.load(tmp_path / "adapter")


def test_a_tokenizer_without_a_chat_template_is_refused(catalog):
    fresh = make_tiny(catalog)
    fresh.tokenizer.chat_template = None
    with pytest.raises(SafecrsError, match="no chat template"):
        LanguageModelRanker(fresh, catalog, name="t").complete([ask("hi")])


def test_no_request_no_answer(tiny, catalog):
    assert LanguageModelRanker(tiny, catalog, name="t").recommend([]) == []


def test_a_model_of_the_hub_is_found_by_its_name(tmp_path):
    from safecrs.recommenders.language_models.bases import base_name

    cached = tmp_path / "hub" / "models--owner--some-name" / "snapshots" / "abc"
    cached.mkdir(parents=True)
    assert base_name(cached) == "owner/some-name"
    assert base_name(tmp_path) == str(tmp_path)
