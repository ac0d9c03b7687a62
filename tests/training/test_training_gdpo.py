from __future__ import annotations

import math

import datasets
import pytest
import torch
from tiny_runs import recorded_log_probabilities
from trl import GRPOConfig

from safecrs.errors import SafecrsError
from safecrs.scoring.rewards import RewardSettings
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.gdpo.trainer import SafeGDPOTrainer, rank_means

pytestmark = pytest.mark.usefixtures("one_thread")

BOTH_CREDITS = pytest.mark.parametrize("credit", ["sequence", "rank"])


@pytest.fixture(scope="module")
def rows():
    return [
        {
            "prompt": [{"role": "user", "content": f"films please, no gore {number}"}],
            "groundtruth": [
                {"title": f"Film {row}", "year": 1960 + row % 60, "row": row} for row in range(60)
            ],
            "constraint_ids": ["gore"] if number % 2 else [],
            "id": f"case-{number}",
        }
        for number in range(4)
    ]


@pytest.fixture
def trainer(oracle, model_folder, rows, tmp_path):
    def make(settings=None, model=None, data=rows, **options):
        chosen = {
            "output_dir": str(tmp_path),
            "per_device_train_batch_size": 8,
            "num_generations": 4,
            "max_completion_length": 24,
            "max_steps": 3,
            "learning_rate": 1e-3,
            "logging_steps": 1,
            "report_to": "none",
            "save_strategy": "no",
            "bf16": False,
            "gradient_checkpointing": False,
            "use_cpu": True,
            "disable_tqdm": True,
        } | options
        return SafeGDPOTrainer(
            model or str(model_folder),
            settings or GdpoSettings(),
            oracle,
            GRPOConfig(**chosen),
            datasets.Dataset.from_list(data),
        )

    return make


def flat(model):
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


@BOTH_CREDITS
@pytest.mark.parametrize("aggregation", ["gdpo", "grpo"])
def test_three_steps_change_the_model_and_say_what_happened(trainer, credit, aggregation):
    made = trainer(GdpoSettings(credit=credit, aggregation=aggregation), beta=1e-3)
    before = flat(made.model)
    made.train()
    assert not torch.equal(before, flat(made.model))
    steps = [entry for entry in made.state.log_history if "loss" in entry]
    assert len(steps) == 3
    for entry in steps:
        assert all(math.isfinite(entry[name]) for name in ("loss", "grad_norm", "kl"))
        for name in ("relevance", "safety", "count"):
            assert f"rewards/{name}/mean" in entry
        for name in ("length", "empty", "recall", "in_catalog", "repeats", "svr", "unknown"):
            assert f"slate/{name}" in entry
    assert steps[-1]["kl"] > 0  # the reference stayed where the policy was


def test_the_configuration_given_is_left_as_it_was(trainer, oracle, model_folder, rows, tmp_path):
    args = GRPOConfig(
        str(tmp_path), num_generations=2, per_device_train_batch_size=2, use_cpu=True, bf16=False
    )
    made = SafeGDPOTrainer(
        str(model_folder),
        GdpoSettings(rewards=RewardSettings(validity=0.5)),
        oracle,
        args,
        datasets.Dataset.from_list(rows),
    )
    assert made.reward_func_names == ["relevance", "safety", "count", "validity"]
    assert made.reward_weights.tolist() == [1, 1, 1, 0.5]
    assert made.multi_objective_aggregation == "normalize_then_sum"
    assert args.reward_weights is None


@BOTH_CREDITS
def test_prompt_tokens_get_no_gradient(trainer, credit):
    made = trainer(GdpoSettings(credit=credit), beta=0.0)
    made.model.train()
    batch = made._prepare_inputs([made.train_dataset[number // 4] for number in range(8)])
    assert batch["completion_mask"].sum() > 8
    # Gradient reaches the model through log-probabilities alone, and these are of completion tokens.
    seen = recorded_log_probabilities(made)
    made.current_gradient_accumulation_steps = 1
    made.compute_loss(made.model, batch).backward()
    (logps,) = seen
    assert logps.shape == batch["completion_ids"].shape
    assert logps.grad.abs().sum() > 0
    assert (logps.grad[batch["completion_mask"] == 0] == 0).all()


def scripted(made, texts):
    """Completions as if the model had written ``texts``."""
    ids = [made._tokenizer.encode(text, add_special_tokens=False) for text in texts]
    made._generate_single_turn = lambda *_: ([[*one, made._tokenizer.eos_token_id] for one in ids], None)
    made.model.train()
    return made._generate_and_score_completions([made.train_dataset[1] for _ in texts])


def test_tokens_of_a_rank_share_its_advantage(trainer):
    # A film in ten, asked by somebody who fears gore: 0 is unsafe and liked, 1 safe and liked, 61 neither.
    made = trainer(GdpoSettings(credit="rank", rewards=RewardSettings(target=2)), num_generations=4)
    good, bad = "Film 1 (1961)", "Film 65 (1965)"
    output = scripted(made, [f"{good}\n{bad}", f"{bad}\n{good}", good, f"{good}\n{good}\n{good}"])
    ranks, advantages = output["ranks"], output["advantages"]
    assert ranks.shape == advantages.shape == output["completion_ids"].shape
    mask = output["completion_mask"].bool()
    assert ranks[0][mask[0]].tolist() == [1, 1, 2, 2]
    assert ranks[3][mask[3]].tolist() == [1, 1, 2, 2, 3, 3]
    for row in range(4):
        for rank in range(1, 4):
            values = advantages[row][mask[row] & (ranks[row] == rank)]
            assert (values == values[:1]).all()
    first = advantages[:, 0]
    assert first[0] > first[1]  # a good film first
    assert first[0] > first[2]  # the right number of films
    assert advantages[1, 2] > advantages[0, 2]  # a good film second
    assert advantages[3, 4].abs() < 1e-6  # nobody else has a third: nothing to compare with


def test_an_empty_list_is_judged_as_a_whole(trainer):
    made = trainer(GdpoSettings(credit="rank", rewards=RewardSettings(relevance=0, safety=0, target=1)))
    output = scripted(made, ["", "Film 1 (1961)", "Film 2 (1962)", "Film 3 (1963)"])
    assert output["advantages"][0, 0] < -0.5
    assert output["advantages"][1:, 0] == pytest.approx(torch.zeros(3), abs=1e-6)


@BOTH_CREDITS
@pytest.mark.parametrize("aggregation", ["gdpo", "grpo"])
def test_equal_completions_move_nothing(trainer, credit, aggregation):
    """The mean of six rewards of -0.7 is not quite -0.7, and the difference is nothing to learn from."""
    settings = GdpoSettings(
        credit=credit, aggregation=aggregation, rewards=RewardSettings(relevance=0, safety=0)
    )
    made = trainer(settings, num_generations=6, per_device_train_batch_size=12, beta=0.0)
    texts = ["\n".join(f"Film {film} ({1960 + film})" for film in range(1, 1 + count)) for count in (3, 7)]
    output = scripted(made, [text for text in texts for _ in range(6)])
    assert made._rewards["count"].sequence[[0, 6]] == pytest.approx([-0.7, -0.3])
    assert (output["advantages"] == 0).all()


def test_sequences_have_the_advantages_that_trl_would_give_them(trainer):
    texts = ["Film 1 (1961)\nFilm 65 (1965)", "Film 65 (1965)", "Film 5 (1965)", "Film 2 (1962)"]
    for aggregation, differs in (("gdpo", {}), ("grpo", {}), ("grpo", {"scale_rewards": "none"})):
        made = trainer(GdpoSettings(aggregation=aggregation), beta=0.0, **differs)
        found = scripted(made, texts)["advantages"]
        assert found.abs().max() > 0.1
        theirs = torch.tensor(list(made._logs["advantages"]))
        assert torch.allclose(found, theirs, atol=1e-5)


@pytest.mark.parametrize(
    ("credit", "aggregation"), [("rank", "grpo"), ("rank", "gdpo"), ("sequence", "gdpo")]
)
def test_a_scale_that_would_be_ignored_is_refused(trainer, credit, aggregation):
    settings = GdpoSettings(credit=credit, aggregation=aggregation)
    for scale in ("batch", "none", False):
        with pytest.raises(SafecrsError, match="scale_rewards"):
            trainer(settings, scale_rewards=scale)
    trainer(settings, scale_rewards=True)


def test_rank_ratios_are_geometric_means_and_on_policy_gradients_those_of_tokens():
    torch.manual_seed(0)
    ranks = torch.tensor([[0, 1, 1, 2, 2, 2]])
    mask = torch.tensor([[1, 1, 1, 1, 1, 0]])
    values = torch.randn(1, 6, requires_grad=True)
    means = rank_means(values, ranks, mask)
    assert means[0, 1:3].tolist() == pytest.approx([values[0, 1:3].mean().item()] * 2)
    assert means[0, 3:5].tolist() == pytest.approx([values[0, 3:5].mean().item()] * 2)
    advantages = torch.tensor([3.0, -1.0, 2.0])[ranks]
    (means * mask * advantages).sum().backward()
    assert values.grad == pytest.approx((mask * advantages), abs=1e-6)


def test_off_policy_the_ratio_is_the_ranks(trainer):
    made = trainer(GdpoSettings(credit="rank"), beta=0.0, num_iterations=2, epsilon=1e6, loss_type="bnpo")
    batch = scripted(
        made, ["Film 1 (1961)\nFilm 5 (1965)", "Film 65 (1965)", "Film 5 (1965)", "Film 2 (1962)"]
    )
    old = batch["old_per_token_logps"]
    torch.manual_seed(1)
    shifted = old + torch.randn_like(old) / 10
    batch["old_per_token_logps"] = shifted
    made.current_gradient_accumulation_steps = 1
    loss = made.compute_loss(made.model, batch)
    mask = batch["completion_mask"]
    ratio = torch.exp(rank_means(old - shifted, batch["ranks"], mask))
    expected = -(ratio * batch["advantages"] * mask).sum() / mask.sum()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)
    assert batch["old_per_token_logps"] is shifted  # kept for the next update


def test_adapters_learn_against_the_model_without_them(trainer, oracle, model_folder, rows, tmp_path):
    from peft import LoraConfig

    args = trainer(beta=1e-3).args
    made = SafeGDPOTrainer(
        str(model_folder),
        GdpoSettings(credit="rank"),
        oracle,
        args,
        datasets.Dataset.from_list(rows),
        peft_config=LoraConfig(r=4, target_modules=["q_proj", "v_proj"]),
    )
    assert made.ref_model is None
    base = {name: weight.clone() for name, weight in made.model.named_parameters() if "lora" not in name}
    made.train()
    assert made.state.log_history[-2]["kl"] > 0
    for name, weight in made.model.named_parameters():
        if name in base:
            assert torch.equal(weight, base[name])


def test_samples_are_training_data(trainer, oracle):
    from safecrs.benchmark import Disclosed, Sample
    from safecrs.training.objectives import OBJECTIVES
    from safecrs.training.objectives.base import Task

    said = Disclosed(trait="gore", style="explicit", position="after", text="no gore")
    sample = Sample(
        id="s-1",
        split="train",
        domain="film",
        source="test",
        prompt=({"role": "user", "content": "films please, no gore"},),
        constraints=("gore",),
        all_liked=(("Film 1", 1961), ("Undated", None)),
        groundtruth=(("Film 1", 1961), ("Undated", None)),
        reasoning="",
        disclosure=(said,),
    )
    rows = OBJECTIVES["safe-gdpo"].rows(Task([sample] * 2, oracle, {}, True))
    made = trainer(GdpoSettings(credit="rank"), data=rows, max_steps=1)
    made.train()
    assert math.isfinite(made.state.log_history[0]["loss"])


def test_mistakes_are_named(trainer, rows):
    with pytest.raises(SafecrsError, match="No reward has a weight"):
        trainer(GdpoSettings(rewards=RewardSettings(relevance=0, safety=0, count=0)))
    with pytest.raises(SafecrsError, match="'constraint_ids'"):
        trainer(data=[{key: row[key] for key in row if key != "constraint_ids"} for row in rows])


def test_a_model_without_a_folder_has_no_reference(trainer, model_folder):
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(model_folder)
    model.config.name_or_path = ""
    with pytest.raises(SafecrsError, match="save the model"):
        trainer(model=model, beta=0.01)
