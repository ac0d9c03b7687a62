"""Safe-GDPO on rollouts that are constrained to the catalog: what is written, judged, and learnt from."""

from __future__ import annotations

import math

import datasets
import numpy as np
import pytest
import torch
from tiny_runs import recorded_log_probabilities
from trl import GRPOConfig

from safecrs.errors import SafecrsError
from safecrs.scoring.rewards import RewardSettings
from safecrs.slates.completion import parse_slate
from safecrs.training.gdpo.choices import Choices
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.gdpo.trainer import SafeGDPOTrainer
from safecrs.training.models.tiny import TinySize, save_tiny

pytestmark = pytest.mark.usefixtures("one_thread")

TARGET = 4
SEEN = (2, 3)
LIKED = range(1, 120, 6)
SIZE = TinySize(hidden=32, layers=1, heads=2, inner=32, context=512, vocabulary=300)


@pytest.fixture(scope="module")
def folders(oracle, model_folder, tmp_path_factory):
    """A model that has a token for each title, and one that spells them byte by byte."""
    spelling = tmp_path_factory.mktemp("bytes")
    save_tiny(spelling, ["films"], [], SIZE)
    return {"whole": model_folder, "bytes": spelling}


BOTH_TOKENIZERS = pytest.mark.parametrize("titles", ["whole", "bytes"])


@pytest.fixture(scope="module")
def rows():
    return [
        {
            "prompt": [{"role": "user", "content": "films please, no gore " + "and so on " * number}],
            "groundtruth": [{"title": f"Film {row}", "year": 1960 + row % 60, "row": row} for row in LIKED],
            "constraint_ids": ["gore"] if number % 2 else [],
            "seen": list(SEEN) if number else [],
            "id": f"case-{number}",
        }
        for number in range(4)
    ]


@pytest.fixture
def trainer(oracle, folders, rows, tmp_path):
    def make(titles="whole", data=rows, peft=None, rewards=None, options=None, **ours):
        chosen = {
            "output_dir": str(tmp_path),
            "per_device_train_batch_size": 8,
            "num_generations": 4,
            "max_steps": 3,
            "learning_rate": 1e-2,
            "logging_steps": 1,
            "report_to": "none",
            "save_strategy": "no",
            "bf16": False,
            "gradient_checkpointing": False,
            "use_cpu": True,
            "disable_tqdm": True,
        } | (options or {})
        settings = GdpoSettings(
            rollouts="constrained", rewards=rewards or RewardSettings(target=TARGET), **ours
        )
        return SafeGDPOTrainer(
            str(folders[titles]),
            settings,
            oracle,
            GRPOConfig(**chosen),
            datasets.Dataset.from_list(data),
            peft_config=peft,
        )

    return make


def rollouts(made, times=4):
    """A batch of completions for every row, ``times`` each."""
    made.model.train()
    return made._generate_and_score_completions(
        [dict(row) for row in made.train_dataset for _ in range(times)]
    )


def slates(made, output, oracle):
    texts = made._tokenizer.batch_decode(
        [
            ids[mask.bool()]
            for ids, mask in zip(output["completion_ids"], output["completion_mask"], strict=True)
        ],
        skip_special_tokens=True,
    )
    return [[oracle.catalog.resolve(title, year) for title, year in parse_slate(text)] for text in texts]


@BOTH_TOKENIZERS
@pytest.mark.parametrize("reasoning", ["given", "generate", "none"])
@pytest.mark.parametrize("temperature", [0.7, 1.0, 1.6])
def test_what_was_sampled_is_what_is_judged(trainer, titles, reasoning, temperature):
    """The decoder's log-probabilities, out of its cache and its chunks, are the trainer's."""
    options = {"temperature": temperature, "num_iterations": 2}
    output = rollouts(trainer(titles, reasoning=reasoning, options=options), times=2)
    chosen = output["tool_mask"] * output["completion_mask"] == 1
    assert chosen.any(dim=1).all()
    assert (output["option_counts"][chosen] != 0).all()
    sampled, again = output["sampling_per_token_logps"], output["old_per_token_logps"]
    assert (sampled[chosen] - again[chosen]).abs().max() < 2e-5
    assert (sampled[chosen] < 0).all()
    assert (again[~chosen] == 0).all()
    assert (reasoning == "generate") == bool((output["option_counts"] == -1).any())


@BOTH_TOKENIZERS
def test_probabilities_are_the_models_own_among_the_allowed(trainer, oracle, titles):
    """By brute force over the catalog: no trie, no ragged options."""
    made = trainer(titles, mask="oracle", options={"num_iterations": 2, "temperature": 0.8})
    output = rollouts(made, times=2)
    seen, unsafe = set(SEEN), set(np.flatnonzero(oracle.unsafe({"gore": 0.66})).tolist())
    lists = slates(made, output, oracle)
    tokenizer = made._tokenizer
    spelled = [tokenizer.encode(f"{label}\n", add_special_tokens=False) for label in oracle.catalog.labels]
    for number in range(0, len(lists), 3):
        case = number // 2
        allowed = set(range(120)) - (seen if case else set()) - (unsafe if case % 2 else set())
        prompt = output["prompt_ids"][number][output["prompt_mask"][number].bool()].tolist()
        tokens = output["completion_ids"][number][output["completion_mask"][number].bool()].tolist()
        with torch.no_grad():
            logits = made.model(torch.tensor([prompt + tokens])).logits[0] / 0.8
        at = tokens.index(spelled[lists[number][0]][0], tokens.index(tokenizer.encode("<solution>")[-1]))
        for row in lists[number]:
            begun = []
            for token in spelled[row]:
                ways = {spelled[film][len(begun)] for film in allowed if spelled[film][: len(begun)] == begun}
                scores = logits[len(prompt) + at - 1][sorted(ways)].log_softmax(dim=0)
                found = output["old_per_token_logps"][number, at]
                assert found.item() == pytest.approx(scores[sorted(ways).index(token)].item(), abs=2e-5)
                assert int(output["tool_mask"][number, at]) == (len(ways) > 1)
                assert tokens[at] == token
                begun.append(token)
                at += 1
            allowed.remove(row)


@BOTH_TOKENIZERS
@pytest.mark.parametrize("mask", ["catalog", "oracle"])
def test_lists_are_whole_and_their_mask_holds(trainer, oracle, titles, mask):
    made = trainer(titles, mask=mask)
    output = rollouts(made, times=8)
    unsafe = oracle.unsafe({"gore": 0.66})
    names = 0
    for number, rows in enumerate(slates(made, output, oracle)):
        assert len(set(rows)) == len(rows) == TARGET
        assert min(rows) >= 0
        case = number // 8
        assert not case or not set(rows) & set(SEEN)
        names += sum(bool(unsafe[row]) for row in rows) if case % 2 else 0
    assert (names > 0) == (mask == "catalog")


@BOTH_TOKENIZERS
@pytest.mark.parametrize("reasoning", ["given", "generate", "none"])
def test_the_decoder_knows_rows_and_ranks(trainer, oracle, titles, reasoning):
    """What reading the text would find: the same items, and the same rank for every token."""
    made = trainer(titles, reasoning=reasoning, credit="rank")
    output = rollouts(made, times=2)
    assert [one.rows for one in made._written] == slates(made, output, oracle)
    for one in made._written:
        text = made._tokenizer.decode(one.tokens, skip_special_tokens=True)
        assert one.ranks == made._ranks_of(one.tokens, text)


def test_safety_teaches_nothing_under_the_oracles_mask(trainer):
    only = RewardSettings(target=TARGET, relevance=0, safety=1, count=0)
    assert rollouts(trainer(mask="catalog", rewards=only))["advantages"].abs().max() > 0.1
    assert rollouts(trainer(mask="oracle", rewards=only))["advantages"].abs().max() < 1e-3


@BOTH_TOKENIZERS
@pytest.mark.parametrize("credit", ["sequence", "rank"])
def test_forced_tokens_carry_no_gradient_and_count_for_nothing(trainer, titles, credit):
    made = trainer(titles, credit=credit, options={"beta": 0.1, "loss_type": "bnpo"})
    batch = rollouts(made)
    seen = recorded_log_probabilities(made)
    made.current_gradient_accumulation_steps = 1
    loss = made.compute_loss(made.model, batch)
    loss.backward()
    (logps,) = seen
    chosen = (batch["tool_mask"] * batch["completion_mask"]).bool()
    assert (logps.grad[~chosen] == 0).all()
    assert (logps.grad[chosen] != 0).any()
    # On policy, and where the reference still is: the mean of the advantages, over choices alone.
    advantages = batch["advantages"] if credit == "rank" else batch["advantages"][:, None].expand_as(chosen)
    assert loss.item() == pytest.approx(-advantages[chosen].mean().item(), abs=1e-5)


@pytest.mark.parametrize("credit", ["sequence", "rank"])
def test_batches_are_shuffled_and_split_with_their_choices(trainer, credit):
    options = {"per_device_train_batch_size": 4, "gradient_accumulation_steps": 4, "num_iterations": 2}
    made = trainer("bytes", credit=credit, options=options)
    made.model.train()
    inputs = [dict(row) for row in made.train_dataset for _ in range(4)]
    made.current_gradient_accumulation_steps = 4
    for step in range(4):
        made._step = step
        part = made._prepare_inputs(inputs)
        assert len(part["completion_ids"]) == 4
        ids = torch.cat([part["prompt_ids"], part["completion_ids"]], dim=1)
        mask = torch.cat([part["prompt_mask"], part["completion_mask"]], dim=1)
        made._choices = Choices.from_batch(part)
        with torch.no_grad():
            logps, _, _ = made._get_per_token_logps_and_entropies(
                made.model, ids, mask, part["completion_ids"].shape[1]
            )
        made._choices = None
        assert torch.allclose(logps, part["old_per_token_logps"], atol=1e-5)


@pytest.mark.parametrize("credit", ["sequence", "rank"])
@pytest.mark.parametrize("aggregation", ["gdpo", "grpo"])
@pytest.mark.parametrize("mask", ["catalog", "oracle"])
def test_steps_change_the_model_and_say_what_happened(trainer, credit, aggregation, mask):
    options = {"beta": 1e-2, "num_iterations": 2, "max_steps": 4}
    made = trainer(credit=credit, aggregation=aggregation, mask=mask, options=options)
    before = torch.cat([weight.detach().flatten() for weight in made.model.parameters()])
    made.train()
    after = torch.cat([weight.detach().flatten() for weight in made.model.parameters()])
    assert not torch.equal(before, after)
    steps = [entry for entry in made.state.log_history if "loss" in entry]
    assert len(steps) == 4
    assert all(math.isfinite(entry[name]) for entry in steps for name in ("loss", "grad_norm", "kl"))
    assert steps[-1]["kl"] > 0
    assert {entry["slate/length"] for entry in steps if "slate/length" in entry} == {TARGET}
    assert {entry["slate/svr"] == 0 for entry in steps if "slate/svr" in entry} == {mask == "oracle"}


def test_liked_films_are_learnt(trainer):
    """One film in six is liked; after some steps far more of the list is."""
    options = {"max_steps": 25, "learning_rate": 3e-2, "num_generations": 8, "beta": 0.0}
    rewards = RewardSettings(target=TARGET, safety=0, count=0)
    made = trainer(credit="rank", rewards=rewards, options=options)
    made.train()
    found = [entry["rewards/relevance/mean"] for entry in made.state.log_history if "slate/recall" in entry]
    recalls = [entry["slate/recall"] for entry in made.state.log_history if "slate/recall" in entry]
    assert np.mean(recalls[-5:]) > 1.4 * np.mean(recalls[:5])
    assert found[-1] >= found[0]


def test_adapters_write_what_they_have_learnt(trainer):
    from peft import LoraConfig

    peft = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    made = trainer("bytes", credit="rank", peft=peft, options={"beta": 0.1, "num_iterations": 2})
    output = rollouts(made, times=2)
    chosen = (output["tool_mask"] * output["completion_mask"]).bool()
    sampled = output["sampling_per_token_logps"][chosen]
    assert (sampled - output["old_per_token_logps"][chosen]).abs().max() < 2e-5
    assert (sampled - output["ref_per_token_logps"][chosen]).abs().max() > 1e-3  # the model without them
    base = {name: weight.clone() for name, weight in made.model.named_parameters() if "lora" not in name}
    made.train()
    assert all(torch.equal(weight, base.get(name, weight)) for name, weight in made.model.named_parameters())


def test_rollouts_follow_the_seed_and_differ_within_a_group(trainer):
    made = trainer()
    texts = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        texts.append(rollouts(made)["completion_ids"].tolist())
    assert texts[0] == texts[1] != texts[2]
    assert texts[0][0] != texts[0][1]  # two completions of one prompt


@pytest.mark.parametrize(
    "wrong",
    [
        {"top_p": 0.9},
        {"top_k": 5},
        {"min_p": 0.1},
        {"repetition_penalty": 1.1},
        {"generation_kwargs": {"num_beams": 2}},
        {"ds3_gather_for_generation": False},
    ],
)
def test_other_ways_to_sample_are_refused(trainer, wrong):
    with pytest.raises(SafecrsError, match=next(iter(wrong))):
        trainer(options=wrong)


@pytest.mark.parametrize(("mask", "left"), [("catalog", [0]), ("oracle", [])])
def test_at_most_one_title_left_is_no_choice(trainer, oracle, rows, mask, left):
    """Everything but one film, which is gory, was seen: nothing to choose, nothing to learn, and no error."""
    made = trainer(data=[rows[1] | {"seen": list(range(1, 120))}] * 2, mask=mask, options={"max_steps": 1})
    output = rollouts(made)
    assert (output["tool_mask"] * output["completion_mask"]).sum() == 0
    assert slates(made, output, oracle) == [left] * 8
    made.train()
    assert made.state.log_history[0]["grad_norm"] == 0
