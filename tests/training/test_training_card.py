"""The model card: only what the run recorded, and what an evaluation found."""

from __future__ import annotations

import json
import re
import shutil

import pytest
from huggingface_hub import ModelCard
from tiny_runs import LORA, SFT, SMALL, train_sft

from safecrs.benchmark.card import Source
from safecrs.errors import SafecrsError
from safecrs.evaluation.run import evaluate, measure
from safecrs.evaluation.systems import Model, lineup
from safecrs.scoring.rewards import RewardSettings
from safecrs.studies.cards import write_model_card
from safecrs.training.gdpo.settings import GdpoSettings
from safecrs.training.objectives import OBJECTIVES
from safecrs.training.preset import make_preset
from safecrs.training.runs.log import LOG, TrainingLog
from safecrs.training.runs.manifest import BaseFacts, Provenance, describe, read_manifest, write_manifest
from safecrs.training.runs.model_card import card_text
from safecrs.training.runs.selection import selected
from safecrs.training.train import train

pytestmark = pytest.mark.usefixtures("one_thread")
COMMAND = "safecrs train sft runs/tiny --out runs/safe-sft"


@pytest.fixture(scope="module")
def run(world, base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("card") / "safe-sft"
    preset = make_preset({"model": SMALL.model_dump(), "sft": SFT, "selection": {"samples": 6}})
    train("safe-sft", world.benchmark, preset, base, folder, command=COMMAND)
    return folder


def rewrite(folder, **changes):
    """The manifest of a run with another provenance."""
    manifest = read_manifest(folder)
    provenance = manifest.provenance.model_copy(update=changes)
    write_manifest(folder, manifest.model_copy(update={"provenance": provenance}))


@pytest.fixture(scope="module")
def evaluation(world, run):
    study = world.benchmark
    test = world.benchmark.split("test")
    systems = lineup(study, [Model("Safe-SFT", run / "model")])
    wanted = [system for system in systems if system.label.name.startswith(("Safe-SFT", "Popularity"))]
    measured = [measure(system, test, world.oracle) for system in wanted]
    return evaluate(measured, test, world.benchmark, split="test")


def test_the_header_is_what_the_hub_reads(run):
    data = ModelCard.load(run / "model" / "README.md").data
    assert data.license == "other"
    assert data.library_name == "transformers"
    assert data.pipeline_tag == "text-generation"
    assert {"trl", "safecrs", "safe-sft"} <= set(data.tags)
    assert data.datasets == ["SafeRec-Tiny"]
    assert data.base_model is None
    assert data.eval_results is None


def test_it_says_what_was_recorded(run, world):
    text = (run / "model" / "README.md").read_text(encoding="utf-8")
    card = world.benchmark.card
    for words in (
        card.fingerprint,
        f"| train | {card.splits['train'].samples} |",
        "learning_rate = 0.01",
        "Seed 0",
        "## Limits",
        "## Licences",
        "made by safecrs",
        f"    {COMMAND}",
        "on 6 validation conversations (free decoding)",
    ):
        assert words in text, words
    assert "## Test" not in text
    assert str(run) not in text, "nothing of this machine"


def test_validation_is_the_chosen_checkpoint_with_its_interval(run):
    text = (run / "model" / "README.md").read_text(encoding="utf-8")
    chosen = selected(TrainingLog(run / LOG).entries(), 0.05)
    assert f"Step {chosen['step']}," in text
    (row,) = re.findall(r"\| recall@10 \| (\S+) \| (\S+) – (\S+) \|", text)
    expected = [chosen[f"validation/recall@10{end}"] for end in ("", "/low", "/high")]
    assert [float(cell) for cell in row] == pytest.approx(expected, rel=1e-3)


def test_numbers_come_from_somewhere(run):
    """A run without data card, log and tests has a card without any metric."""
    bare = run.parent / "bare"
    shutil.copytree(run, bare)
    write_manifest(bare, read_manifest(bare).model_copy(update={"provenance": None}))
    (bare / LOG).unlink()
    text = card_text(bare, bare / "model")
    assert "no data card was given" in text
    assert "None: the last checkpoint was taken." in text
    assert "95 % interval" not in text
    assert "not stated" in text


def test_test_results_are_added_and_are_the_evaluations_own(run, evaluation):
    path = write_model_card(run, evaluation)
    text = path.read_text(encoding="utf-8")
    data = ModelCard.load(path).data
    for system in ("Safe-SFT", "Safe-SFT + constrained"):
        assert f"### {system}\n" in text
        found = evaluation.system(system).metrics["recall"]
        (told,) = [
            result.metric_value
            for result in data.eval_results
            if result.metric_name == f"Recall@10, {system}"
        ]
        assert told == pytest.approx(found.value, abs=1e-6)
        assert f"| Recall@10 | {found.value:.4g} | {found.low:.4g} – {found.high:.4g} |" in text
    assert "Popularity" not in text
    again = path.read_text(encoding="utf-8")
    write_model_card(run)
    assert "## Test" not in path.read_text(encoding="utf-8")
    write_model_card(run, evaluation, "Safe-SFT")
    assert path.read_text(encoding="utf-8") == again


def test_a_model_that_was_not_evaluated(run, evaluation, tmp_path):
    with pytest.raises(SafecrsError, match="no system called 'Mine': choose among Popularity, Safe-SFT"):
        write_model_card(run, evaluation, "Mine")
    with pytest.raises(SafecrsError, match="holds no run"):
        write_model_card(tmp_path)
    shutil.copy(run / "run.json", tmp_path)
    with pytest.raises(SafecrsError, match="no model yet"):
        write_model_card(tmp_path)


def test_a_run_from_a_run_tells_the_whole_way(run, world, samples):
    """The base is the first one; commands are those of all runs, a repeated one once."""
    about = describe(run / "model", world.benchmark.card, "safecrs train gdpo …")
    assert about.base == read_manifest(run).provenance.base
    assert about.commands == (COMMAND, "safecrs train gdpo …")
    assert describe(run / "model", None, COMMAND).commands == (COMMAND,)
    assert about.earlier == ()


def test_the_data_of_every_stage_stand_in_the_card(run, world, tmp_path):
    tastes = Source(name="Histories", licence="MIT", fingerprint="a", read=1, used=1)
    more = Source(name="More tastes", licence="CC BY-SA 4.0", fingerprint="b", read=1, used=1)
    first = world.benchmark.card.model_copy(update={"sources": (tastes,)})
    second = first.model_copy(update={"name": "Second", "fingerprint": "f" * 16, "sources": (more,)})
    before, later = tmp_path / "before", tmp_path / "later"
    for folder in (before, later):
        shutil.copytree(run, folder)
    rewrite(before, data=first)
    about = describe(before / "model", second)
    assert about.earlier == (first,)
    rewrite(later, **dict(about))
    assert describe(later / "model", second).earlier == (first,)
    assert describe(later / "model", first).earlier == (second,)
    text = card_text(later, later / "model")
    assert f"was trained on {first.name} (samples `{first.fingerprint}`)." in text
    assert "- Data, More tastes: CC BY-SA 4.0." in text
    assert "- Data, Histories: MIT." in text


def test_the_base_tells_its_name_and_licence(tmp_path):
    hub = tmp_path / "models--Some--Model-1B" / "snapshots" / "abc"
    hub.mkdir(parents=True)
    assert (describe(hub).base.name, describe(hub).base.licence) == ("Some/Model-1B", None)
    (hub / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Model\n")
    assert (describe(hub).base.hub, describe(hub).base.licence) == ("Some/Model-1B", "apache-2.0")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "README.md").write_text("---\nlicense: mit\nbase_model: Some/Model-1B\n---\n")
    assert (describe(copy).base.hub, describe(copy).base.licence) == ("Some/Model-1B", "mit")
    for broken in ("", "---\n: : [\n---\n", "---\n- a\n---\n", "---\nlicense: [a, b]\n---\n", "no header"):
        (copy / "README.md").write_text(broken)
        assert describe(copy).base.licence is None
        assert describe(copy).base.name == "copy"


def test_adapters_say_so(base, samples, tmp_path):
    model = train_sft(tmp_path, base, samples, SFT | {"max_steps": 1}, safe=False, model=LORA)
    card = ModelCard.load(model / "README.md")
    assert card.data.library_name == "peft"
    assert "lora" in card.data.tags
    assert "must not be put before people" in card.text
    assert str(base) not in card.content


@pytest.mark.parametrize(
    ("rewards", "aggregation", "told", "safe"),
    [
        ({}, "gdpo", "Safe-GDPO: reinforcement learning by the rewards relevance, safety, count", True),
        ({"count": 0}, "grpo", "Safe-GRPO: reinforcement learning by the rewards relevance, safety", True),
        ({"safety": 0}, "grpo", "GRPO without safety, that is by the rewards relevance, count", False),
    ],
)
def test_reinforcement_learning_is_described_by_its_rewards(run, tmp_path, rewards, aggregation, told, safe):
    """A model that was rewarded for hits alone is not described as a safe one."""
    options = {"gdpo": GdpoSettings(aggregation=aggregation, rewards=RewardSettings(**rewards))}
    objective = OBJECTIVES["safe-gdpo"]
    assert objective.describe(options) == told
    assert objective.safe(options) == safe
    shutil.copytree(run, tmp_path / "run")
    rewrite(tmp_path / "run", method=told)
    manifest = read_manifest(tmp_path / "run").model_copy(update={"safe": safe})
    write_manifest(tmp_path / "run", manifest)
    text = card_text(tmp_path / "run", tmp_path / "run" / "model")
    assert f"trained by {told} (" in text
    assert ("Research on" if safe else "must not be put") in text


@pytest.mark.parametrize(
    ("licence", "sources", "told"),
    [
        ("apache-2.0", ["Apache-2.0", "apache-2.0"], "apache-2.0"),
        ("apache-2.0", [], "apache-2.0"),
        ("apache-2.0", ["Apache-2.0", "research only"], "other"),
        (None, ["MIT"], "other"),
    ],
)
def test_the_header_promises_no_licence_that_some_data_lack(run, world, tmp_path, licence, sources, told):
    """Of an earlier stage's data too."""
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    cards = [
        world.benchmark.card.model_copy(
            update={"sources": (Source(name=f"S{at}", licence=of, fingerprint="a", read=1, used=1),)}
        )
        for at, of in enumerate(sources)
    ]
    facts = BaseFacts(name="Some model", licence=licence)
    rewrite(folder, base=facts, data=cards[0] if cards else None, earlier=tuple(reversed(cards[1:])))
    (folder / "model" / "README.md").write_text(card_text(folder, folder / "model"), encoding="utf-8")
    assert ModelCard.load(folder / "model" / "README.md").data.license == told


def test_trls_defaults_are_named_only_where_they_were_kept(run, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(run, folder)
    assert "TRL's defaults are in the run's `run.json`" in card_text(folder, folder / "model")
    write_manifest(folder, read_manifest(folder).model_copy(update={"arguments": {}}))
    text = card_text(folder, folder / "model")
    assert "TRL's defaults" not in text
    assert "All settings" not in text


def of_0_1_0(folder, stage, settings, about=None):
    """A run as version 0.1.0 recorded it."""
    folder.mkdir()
    record = {"stage": stage, "base": "b", "settings": settings, "seed": 0, "data": "d", "versions": {}}
    (folder / "run.json").write_text(json.dumps(record))
    if about:
        (folder / "about.json").write_text(json.dumps(about))
    return read_manifest(folder)


@pytest.mark.parametrize(
    ("stage", "settings", "reasons", "safe"),
    [
        ("sft", {"reasoning": True}, False, False),
        ("safe-sft", {"reasoning": True}, True, True),
        ("safe-sft", {"reasoning": False, "selection": None}, False, True),
        ("safe-sft", {"reasoning": True, "selection": {"reasons": False}}, False, True),
        ("safe-gdpo", {"gdpo": {"rewards": {"safety": 1.0}}}, True, True),
        ("safe-gdpo", {"gdpo": {"rewards": {"safety": 0.0}}, "reasoning": False}, False, False),
    ],
)
def test_runs_of_0_1_0_are_read(tmp_path, stage, settings, reasons, safe):
    about = {"base": {"name": "tiny"}, "commands": [COMMAND]}
    manifest = of_0_1_0(tmp_path / "run", stage, settings, about)
    assert (manifest.reasons, manifest.safe) == (reasons, safe)
    assert manifest.provenance == Provenance(base=BaseFacts(name="tiny"), commands=(COMMAND,))
    assert "reasoning" not in manifest.settings
    assert OBJECTIVES[stage].summary in card_text(tmp_path / "run", tmp_path)


def test_a_damaged_provenance_is_told(tmp_path):
    for about in ({"base": 3}, [1]):
        with pytest.raises(SafecrsError, match=r"run\.json is not the manifest of a run"):
            of_0_1_0(tmp_path / type(about).__name__, "sft", {}, about)
