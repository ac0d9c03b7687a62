"""Which checkpoint becomes the model, and that looking for it changes nothing else."""

from __future__ import annotations

import random
import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_runs import LORA, RL, SFT, SMALL, Killed, assert_equal, kill_at, train_gdpo, train_sft, weights

from safecrs.errors import SafecrsError
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.preset import SelectionSettings
from safecrs.training.runs.callbacks import Selector, _whole_model, untouched_randomness
from safecrs.training.runs.log import LOG, TrainingLog, series
from safecrs.training.runs.selection import (
    NDCG,
    RECALL,
    SELECTED,
    SVR,
    Validation,
    choose,
    copy_model,
    selected,
    validation_for,
)

pytestmark = pytest.mark.usefixtures("one_thread")


def entry(step, recall, svr, ndcg=0.0):
    return {"step": step, RECALL: recall, NDCG: ndcg} | ({} if svr is None else {SVR: svr})


@pytest.mark.parametrize(
    ("entries", "ceiling", "step"),
    [
        ([entry(1, 0.1, 0.01), entry(2, 0.3, 0.2), entry(3, 0.2, 0.05)], 0.05, 3),
        ([entry(1, 0.1, 0.3), entry(2, 0.3, 0.2), entry(3, 0.2, 0.2)], 0.05, 2),
        ([entry(1, 0.1, 0.3), entry(2, 0.3, 0.2)], None, 2),
        ([entry(1, 0.1, 0.3), entry(2, 0.3, 0.9)], 1.0, 2),
        ([entry(1, 0.3, 0.0, 0.1), entry(2, 0.3, 0.0, 0.2), entry(3, 0.3, 0.0, 0.2)], 0.05, 2),
        # Nothing was written that could violate: that is not safety.
        ([entry(1, 0.0, None), entry(2, 0.1, 0.3)], 0.05, 2),
        ([entry(1, 0.0, None), entry(2, 0.1, None)], 0.05, 2),
        ([{"step": 1, "loss": 0.1}, entry(2, 0.0, 1.0)], 0.0, 2),
    ],
)
def test_the_best_checkpoint(entries, ceiling, step):
    for order in (entries, entries[::-1]):
        assert choose(order, ceiling)["step"] == step


def test_no_checkpoint():
    assert choose([{"step": 1, "loss": 0.1}], 0.05) is None
    assert selected([], None) is None


def test_what_was_selected_is_what_was_logged():
    entries = [entry(1, 0.1, 0.0), entry(2, 0.2, 0.0)]
    assert selected(entries, 0.05)["step"] == 2
    assert selected([*entries, {"step": 2.5, SELECTED: 1}], 0.05)["step"] == 1


SHARES = st.floats(0, 1).map(lambda value: round(value, 1))


@given(st.lists(st.tuples(SHARES, st.none() | SHARES, SHARES), min_size=1, max_size=8), st.none() | SHARES)
def test_the_best_so_far_is_never_given_up_for_a_worse_one(rows, ceiling):
    """So the trainer may delete whatever is not the best so far."""
    entries = [entry(step, *row) for step, row in enumerate(rows, start=1)]
    best = None
    for end in range(1, len(entries) + 1):
        alive = [one for one in (best, entries[end - 1]) if one is not None]
        best = choose(alive, ceiling)
    assert best == choose(entries, ceiling)


def test_randomness_goes_on_as_if_nothing_had_been_drawn():
    def draw():
        return random.random(), np.random.rand(), torch.rand(2).tolist(), torch.randn(1).item()

    for seeding in (random.seed, np.random.seed, torch.manual_seed):
        seeding(5)
    with untouched_randomness():
        drawn = draw()
    assert draw() == drawn
    with untouched_randomness():
        expected = draw()
    try:
        with untouched_randomness():
            draw()
            raise Killed
    except Killed:
        pass
    assert draw() == expected


def scripted(recalls, svrs=None, disturb=True):
    """A validation that gives each checkpoint the next mark, and draws from every generator."""
    asked = []

    def measure(model, tokenizer):
        assert tokenizer.chat_template
        if disturb:
            random.random()
            np.random.rand()
            torch.rand(3)
            with torch.no_grad():
                model(torch.arange(4)[None])
        asked.append({name: value.detach().clone() for name, value in model.state_dict().items()})
        at = len(asked) - 1
        found = {"recall@10": recalls[at], "ndcg@10": 0.0, "recall@10/low": 0.0, "recall@10/high": 1.0}
        return found | ({"svr@10": svrs[at]} if svrs else {})

    return Validation(measure, 0.1, {"samples": 3, "decoding": "free"}), asked


def sft(folder, base, samples, **more):
    return train_sft(folder, base, samples, SFT, safe=True, model=SMALL, **more)


def test_the_model_is_the_best_checkpoint_and_training_is_undisturbed(base, samples, tmp_path):
    plain = sft(tmp_path / "plain", base, samples)
    validation, asked = scripted([0.1, 0.5, 0.3])
    model = sft(tmp_path / "chosen", base, samples, validation=validation)
    assert len(asked) == 3
    for name, value in weights(model).items():
        assert torch.equal(value, asked[1][name]), name
    # The last checkpoint is what training without validation ends with.
    assert_equal(tmp_path / "chosen" / "checkpoints" / "checkpoint-6", plain)
    kept = {path.name for path in (tmp_path / "chosen" / "checkpoints").glob("checkpoint-*")}
    assert kept == {"checkpoint-2", "checkpoint-4", "checkpoint-6"}
    names = {path.name for path in model.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "README.md"} <= names
    assert not names & {"trainer_state.json", "training_args.bin", "optimizer.pt", "SHA256SUMS"}
    entries = TrainingLog(tmp_path / "chosen" / LOG).entries()
    assert series(entries, RECALL) == [(2, 0.1), (4, 0.5), (6, 0.3)]
    assert series(entries, SELECTED) == [(6, 4)]
    from safecrs.recommenders.language_models.checkpoint import LanguageModel

    assert LanguageModel.load(model).tokenizer.chat_template
    plain_losses = series(TrainingLog(tmp_path / "plain" / LOG).entries(), "loss")
    assert series(entries, "loss") == plain_losses


def test_the_last_is_taken_where_it_is_the_best(base, samples, tmp_path):
    validation, _ = scripted([0.1, 0.2, 0.3])
    model = sft(tmp_path, base, samples, validation=validation)
    assert_equal(model, tmp_path / "checkpoints" / "checkpoint-6")


def test_over_the_ceiling_the_least_unsafe(base, samples, tmp_path):
    validation, asked = scripted([0.1, 0.5, 0.9], [0.3, 0.2, 0.4])
    model = sft(tmp_path, base, samples, validation=validation)
    name = next(iter(weights(model)))
    assert torch.equal(weights(model)[name], asked[1][name])


@pytest.mark.parametrize("step", [3, 5, 6])
def test_a_killed_run_chooses_the_same(base, samples, world, tmp_path, step):
    def run(folder, progress=None):
        validation = validation_for(world.benchmark, SelectionSettings(samples=4), reasons=True, safe=True)
        return sft(folder, base, samples, validation=validation, progress=progress)

    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(step))
    assert_equal(run(tmp_path / "cut"), whole)
    numbers = [
        [
            {k: v for k, v in entry.items() if k.startswith(("validation/", "loss", SELECTED))}
            for entry in TrainingLog(tmp_path / folder / LOG).entries()
        ]
        for folder in ("whole", "cut")
    ]
    assert numbers[0] == numbers[1]
    assert sum(RECALL in entry for entry in numbers[0]) == 3


def test_killed_between_checkpoint_and_validation(base, samples, tmp_path):
    """What was saved and not validated is validated when the run goes on."""
    validation, asked = scripted([0.9, 0.1, 0.2])
    whole = sft(tmp_path / "whole", base, samples, validation=validation)
    first = asked[0]

    def dying(model, tokenizer):
        raise Killed

    with pytest.raises(Killed):
        sft(tmp_path / "cut", base, samples, validation=Validation(dying, 0.1, validation.record))
    assert (tmp_path / "cut" / "checkpoints" / "checkpoint-2" / "trainer_state.json").is_file()
    validation, asked = scripted([0.9, 0.1, 0.2])
    model = sft(tmp_path / "cut", base, samples, validation=validation)
    assert len(asked) == 3
    for name, value in first.items():
        assert torch.equal(asked[0][name], value), name
    assert_equal(model, whole)


def test_killed_while_the_model_is_copied(base, samples, tmp_path, monkeypatch):
    def cut(*_):
        raise Killed

    validation, _ = scripted([0.1, 0.9, 0.2])
    with monkeypatch.context() as patch:
        patch.setattr("safecrs.training.runs.run.copy_model", cut)
        with pytest.raises(Killed):
            sft(tmp_path, base, samples, validation=validation)
    assert not (tmp_path / "model").exists()
    validation, asked = scripted([])
    model = sft(tmp_path, base, samples, validation=validation)
    assert not asked, "all checkpoints were validated before"
    assert_equal(model, tmp_path / "checkpoints" / "checkpoint-4")


def test_a_best_checkpoint_that_was_deleted_by_hand(base, samples, tmp_path):
    validation, _ = scripted([0.9, 0.1, 0.2])
    sft(tmp_path, base, samples, validation=validation)
    shutil.rmtree(tmp_path / "model")
    shutil.rmtree(tmp_path / "checkpoints" / "checkpoint-2")
    model = sft(tmp_path, base, samples, validation=validation)
    assert_equal(model, tmp_path / "checkpoints" / "checkpoint-6")
    assert selected(TrainingLog(tmp_path / LOG).entries(), 0.1)["step"] == 6


def test_adapters_are_chosen_too(base, samples, tmp_path):
    validation, _ = scripted([0.9, 0.1, 0.2], disturb=False)
    model = train_sft(tmp_path, base, samples, SFT, safe=True, model=LORA, validation=validation)
    assert (model / "adapter_config.json").is_file()
    from safecrs.recommenders.language_models.checkpoint import LanguageModel

    LanguageModel.load(model)


def test_reinforcement_learning_chooses_the_same_after_a_kill(base, samples, world, tmp_path):
    def run(folder, progress=None, selection=True):
        settings = SelectionSettings(samples=4, decoding="constrained")
        validation = validation_for(world.benchmark, settings, reasons=True, safe=True)
        return train_gdpo(
            folder,
            base,
            samples,
            RL | {"save_steps": 1},
            GdpoSettings(),
            model=SMALL,
            progress=progress,
            validation=validation if selection else None,
        )

    plain = run(tmp_path / "plain", selection=False)
    whole = run(tmp_path / "whole")
    with pytest.raises(Killed):
        run(tmp_path / "cut", kill_at(3))
    assert_equal(run(tmp_path / "cut"), whole)
    entries = TrainingLog(tmp_path / "whole" / LOG).entries()
    assert [at for at, _ in series(entries, RECALL)] == [1, 2, 3, 4]
    assert {value for _, value in series(entries, SVR)} == {0.0}, "constrained decoding violates nothing"
    assert {value for _, value in series(entries, "validation/length")} == {10.0}
    chosen = int(series(entries, SELECTED)[0][1])
    assert_equal(whole, tmp_path / "whole" / "checkpoints" / f"checkpoint-{chosen}")
    assert_equal(plain, tmp_path / "whole" / "checkpoints" / "checkpoint-4")


def test_another_choice_is_another_run(base, samples, tmp_path):
    validation, _ = scripted([0.1, 0.2, 0.3])
    sft(tmp_path, base, samples, validation=validation)
    with pytest.raises(SafecrsError, match="other settings"):
        sft(tmp_path, base, samples, validation=Validation(validation.measure, 0.2, validation.record))
    with pytest.raises(SafecrsError, match="other settings"):
        sft(tmp_path, base, samples)


def test_no_checkpoints_to_choose_among(base, samples, tmp_path):
    validation, _ = scripted([])
    with pytest.raises(SafecrsError, match=r"selection\.samples=0"):
        train_sft(tmp_path, base, samples, SFT | {"save_strategy": "no"}, safe=True, validation=validation)


def test_a_model_that_no_process_holds(tmp_path):
    trainer = SimpleNamespace(is_fsdp_enabled=True)
    with pytest.raises(SafecrsError, match=r"selection\.samples=0"):
        Selector(trainer, scripted([])[0], TrainingLog(tmp_path / LOG), tmp_path)


def test_a_model_that_is_put_together_trains_on_as_before(monkeypatch):
    """TRL turns gradient checkpointing on again: as it was configured, which matters to adapters."""
    told = {}

    @contextmanager
    def unwrap(model, _accelerator, **options):
        told.update(options)
        yield model

    monkeypatch.setattr("trl.models.utils.unwrap_model_for_generation", unwrap)
    arguments = SimpleNamespace(gradient_checkpointing_kwargs={"use_reentrant": True})
    trainer = SimpleNamespace(
        is_deepspeed_enabled=True, model_wrapped="whole", accelerator=None, args=arguments
    )
    with _whole_model(trainer) as model:
        assert model == "whole"
    assert told["gradient_checkpointing_kwargs"] == {"use_reentrant": True}


def test_a_checkpoint_in_pieces(tmp_path):
    (tmp_path / "checkpoint-1").mkdir()
    (tmp_path / "checkpoint-1" / "config.json").write_text("{}")
    with pytest.raises(SafecrsError, match="in pieces"):
        copy_model(tmp_path / "checkpoint-1", tmp_path)
