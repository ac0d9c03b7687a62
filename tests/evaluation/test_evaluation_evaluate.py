from __future__ import annotations

import json
from dataclasses import dataclass, field

import numpy as np
import pytest

from make_systems import make_system
from safecrs.errors import SafecrsError
from safecrs.evaluation.results import load_evaluation, save_evaluation
from safecrs.evaluation.run import evaluate, measure
from safecrs.evaluation.slate_store import SlateStore
from safecrs.evaluation.systems import Label
from safecrs.recommenders.rankers.ranking import as_slate
from safecrs.recommenders.requests import requests_for
from safecrs.slates.base import Recommendation
from tiny_world import make_benchmark, make_sample


@dataclass
class Fixed:
    """Always the same films, best first, bar what was seen."""

    catalog: object
    order: list[int]
    name: str = "fixed"
    asked: list[int] = field(default_factory=list)

    def recommend(self, requests, k=10):
        self.asked.append(len(requests))
        return [
            as_slate([row for row in self.order if row not in request.seen][:k], self.catalog)
            for request in requests
        ]


@dataclass
class Clairvoyant:
    """Knows what each person liked."""

    catalog: object
    samples: list
    name: str = "clairvoyant"

    def recommend(self, requests, k=10):
        by_prompt = {sample.prompt: sample for sample in self.samples}
        return [
            [Recommendation(*ref, self.catalog.resolve(*ref)) for ref in by_prompt[r.messages].all_liked][:k]
            for r in requests
        ]


@pytest.fixture(scope="module")
def samples(world):
    return world.benchmark.split("test")


@pytest.fixture(scope="module")
def result(world, samples):
    def fixed():
        return Fixed(world.catalog, list(range(60)))

    systems = [
        make_system(fixed, world.oracle),
        make_system(fixed, world.oracle, decoding="filtered", constraints="told"),
        make_system(fixed, world.oracle, decoding="filtered", constraints="detected"),
        make_system(lambda: Clairvoyant(world.catalog, samples), world.oracle, "Knows"),
    ]
    measured = [measure(each, samples, world.oracle) for each in systems]
    pairs = [("Knows", "Fixed"), ("Fixed", "Fixed + filter, detected traits")]
    return evaluate(measured, samples, world.benchmark, split="test", comparisons=pairs)


def test_counts(result, samples):
    assert result.samples == len(samples) == 10
    assert result.clusters == 5
    assert result.constrained == sum(bool(sample.constraints) for sample in samples)
    assert result.trait_samples["gore"] == sum("gore" in sample.constraints for sample in samples)


def test_metrics_by_hand(result, samples, world):
    fixed = result.system("Fixed").metrics
    unsafe = total = unknown = 0
    for sample in samples:
        if sample.constraints:
            seen = {world.catalog.resolve(*ref) for ref in sample.seen}
            slate = [row for row in range(60) if row not in seen][:10]
            verdicts = world.oracle.verdicts(slate, dict.fromkeys(sample.constraints, 0.66))
            unsafe += int((verdicts == 1).sum())
            unknown += int((verdicts == 2).sum())
            total += 10
    assert fixed["svr"].value == pytest.approx(unsafe / total)
    assert fixed["unknown"].value == pytest.approx(unknown / total)
    assert fixed["length"].value == 10
    assert fixed["validity"].value == 1
    assert result.system("Knows").metrics["recall"].value == 1.0


def test_the_filter_never_violates_and_says_what_it_refuses(result, samples):
    filtered = result.system("Fixed + filter")
    assert filtered.metrics["svr"].value == 0.0
    assert filtered.metrics["svr"].high > 0
    assert filtered.over_refusal.value == 0.0, "the ground truth holds nothing unsafe"
    detected = result.system("Fixed + filter, detected traits")
    assert detected.metrics["svr"].value < result.system("Fixed").metrics["svr"].value


def test_refused_ground_truth_is_counted(world):
    """Two liked films of which one is of unknown safety."""
    samples = [make_sample(world.oracle, "a", [4], [1, 6], ["gore"])]
    benchmark = make_benchmark(world.oracle, samples)
    strict = make_system(
        lambda: Fixed(world.catalog, [1]),
        world.oracle,
        decoding="filtered",
        constraints="told",
        unknown="exclude",
    )
    measured = measure(strict, samples, world.oracle)
    found = evaluate([measured], samples, benchmark, split="test")
    assert found.systems[0].over_refusal.value == 0.5


def test_by_trait_and_plain_are_the_parts_of_the_whole(result, samples, world):
    held = result.system("Fixed")
    assert set(held.by_trait) == {t for t, n in result.trait_samples.items() if n >= 5}
    gory = [sample for sample in samples if "gore" in sample.constraints]
    again = evaluate(
        [
            measure(
                make_system(lambda: Fixed(world.catalog, list(range(60))), world.oracle), gory, world.oracle
            )
        ],
        gory,
        world.benchmark,
        split="test",
    )
    for metric, estimate in again.systems[0].metrics.items():
        assert held.by_trait["gore"][metric].value == pytest.approx(estimate.value)
    assert held.plain["svr"].value is None
    assert held.plain["recall"].value is not None


def test_comparisons(result):
    found = {(c.system, c.metric): c for c in result.comparisons}
    assert len(found) == 6
    recall = found["Knows", "recall"]
    gap = result.system("Knows").metrics["recall"].value - result.system("Fixed").metrics["recall"].value
    assert recall.difference.value == pytest.approx(gap)
    assert all(c.p_holm >= c.p for c in result.comparisons)


def test_requests(world, samples):
    told = requests_for(samples, world.oracle, told=True)
    silent = requests_for(samples, world.oracle, told=False)
    for sample, a, b in zip(samples, told, silent, strict=True):
        assert dict(a.constraints) == dict.fromkeys(sample.constraints, 0.66)
        assert not b.constraints
        assert a.seen == {world.catalog.resolve(*ref) for ref in sample.seen}
        assert a.messages == sample.prompt


def test_names_follow_from_labels():
    def name(**label):
        return Label(ranker="Mine", **label).name

    assert name() == "Mine"
    assert name(decoding="filtered", constraints="told") == "Mine + filter"
    assert name(decoding="filtered", constraints="detected", unknown="exclude") == (
        "Mine + filter, no unknowns, detected traits"
    )
    assert name(decoding="constrained") == "Mine + catalog"
    assert name(decoding="constrained", constraints="told") == "Mine + constrained"
    assert Label(ranker="A + B", decoding="filtered", constraints="told").ranker == "A + B"


def test_stored_slates_are_not_asked_for_again(world, samples, tmp_path, monkeypatch):
    monkeypatch.setattr("safecrs.evaluation.run.BLOCK", 4)
    monkeypatch.setattr("safecrs.evaluation.slate_store.BLOCK", 4)
    made = []

    def fixed():
        made.append(1)
        return Fixed(world.catalog, list(range(60)))

    told = []

    def ask(key, **label):
        store = SlateStore(tmp_path / f"{key}.jsonl", len(samples))
        each = make_system(fixed, world.oracle, **label)
        return measure(each, samples, world.oracle, store=store, progress=told.append)

    first = ask("key", decoding="filtered", constraints="detected")
    assert told == [0, 4, 8, 10]
    again = ask("key", decoding="filtered", constraints="detected")
    assert told[4:] == [10]
    assert len(made) == 1
    assert again.slates == first.slates
    assert again.seconds == first.seconds
    assert (again.excluded == first.excluded).all()
    ask("other")
    assert len(made) == 2


def test_evaluation_comes_back_as_it_was(result, tmp_path):
    save_evaluation(result, tmp_path / "e.json")
    assert load_evaluation(tmp_path / "e.json") == result


def broken(held, change):
    change(held)
    return held


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda held: held.clear(), "card"),
        (lambda held: held["systems"][0]["metrics"].pop("recall"), "metrics of 'Fixed'"),
        (lambda held: held["systems"].pop(0), "comparison"),
        (lambda held: held["systems"][0]["metrics"]["svr"].update(value="secret"), "svr"),
    ],
)
def test_a_damaged_evaluation_is_one_clear_sentence(result, tmp_path, change, words):
    save_evaluation(result, tmp_path / "e.json")
    held = json.loads((tmp_path / "e.json").read_text())
    change(held)
    (tmp_path / "e.json").write_text(json.dumps(held))
    with pytest.raises(SafecrsError, match=words) as caught:
        load_evaluation(tmp_path / "e.json")
    assert "e.json" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "secret" not in str(caught.value)


def test_missing_or_foreign_evaluation(tmp_path):
    with pytest.raises(SafecrsError, match="does not exist"):
        load_evaluation(tmp_path / "absent.json")
    (tmp_path / "e.json").write_text("[1, 2")
    with pytest.raises(SafecrsError, match="not readable JSON"):
        load_evaluation(tmp_path / "e.json")
    (tmp_path / "e.json").write_text("[1, 2]")
    with pytest.raises(SafecrsError, match="not a safecrs evaluation"):
        load_evaluation(tmp_path / "e.json")


def test_the_name_of_a_result_is_that_of_its_label(result, tmp_path):
    save_evaluation(result, tmp_path / "e.json")
    plain = json.loads((tmp_path / "e.json").read_text())
    assert plain["systems"][1]["name"] == "Fixed + filter"
    plain["systems"][1]["name"] = "Somebody else"
    (tmp_path / "e.json").write_text(json.dumps(plain))
    with pytest.raises(SafecrsError, match="Somebody else"):
        load_evaluation(tmp_path / "e.json")


def test_what_cannot_be_evaluated(world, samples):
    measured = measure(make_system(lambda: Fixed(world.catalog, [1]), world.oracle), samples, world.oracle)
    with pytest.raises(SafecrsError, match="test split of SafeRec-Tiny is empty"):
        evaluate([], [], world.benchmark, split="test")
    with pytest.raises(SafecrsError, match="'nobody'"):
        evaluate([measured], samples, world.benchmark, split="test", comparisons=[("Fixed", "nobody")])
    with pytest.raises(SafecrsError, match="share a name"):
        evaluate([measured, measured], samples, world.benchmark, split="test")


def test_same_seed_same_numbers(world, samples):
    each = make_system(lambda: Fixed(world.catalog, list(range(60))), world.oracle)
    measured = measure(each, samples, world.oracle)
    a, b, c = (evaluate([measured], samples, world.benchmark, split="test", seed=seed) for seed in (1, 1, 2))
    assert a == b
    assert a.systems[0].metrics["recall"].value == c.systems[0].metrics["recall"].value
    assert a.systems[0].metrics["recall"] != c.systems[0].metrics["recall"]
    assert np.isfinite(a.systems[0].metrics["recall"].low)
