from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from safecrs.benchmark import (
    AssignmentPlan,
    BuildOptions,
    ConversationPlan,
    Splitter,
    build_redial,
    build_starter,
    export_jsonl,
    load_benchmark,
    save_benchmark,
    template_conversations,
)
from safecrs.benchmark.card import DataCard
from safecrs.benchmark.wording.templates import load_templates
from safecrs.errors import SafecrsError


@pytest.fixture(scope="module")
def benchmark(oracle, interactions):
    return build_starter(oracle, interactions, BuildOptions(seed=3))


def row_of(ref):
    return int(ref[0].split()[1])


def person_of(sample):
    return sample.id.split(":")[1]


def test_templates_are_many_and_sound():
    templates = load_templates()
    assert len(templates.requests) >= 40
    assert sum(len(template.turns) > 1 for template in templates.requests) >= 8
    assert sum(template.held_out for template in templates.requests) >= 5
    for template in templates.requests:
        assert len(template.turns) % 2 == 1
        assert template.slots <= {"items", "first", "genre", "mood", "company", "occasion"}
        assert "items" in template.slots
    assert set(templates.moods) <= set(templates.genres)


def test_windows_hold_the_persons_own_liked_films(catalog, interactions):
    plan = ConversationPlan(train_windows=5)
    imported = template_conversations(interactions, catalog, Splitter(3), seed=3, plan=plan)
    liked = interactions.liked()
    used: dict[str, list[int]] = {}
    for dialogue in imported.dialogues:
        person = dialogue.id.split(":")[1]
        rows = {*dialogue.seen, *dialogue.liked}
        assert rows <= set(liked[person].tolist())
        assert len(rows) == len(dialogue.seen) + len(dialogue.liked)
        assert 3 <= len(dialogue.seen) <= 5
        assert 3 <= len(dialogue.liked) <= 10
        text = " ".join(message.content for message in dialogue.messages)
        assert all(catalog.title(row) in text for row in dialogue.seen)
        assert "{" not in text
        if dialogue.split != "train":
            used.setdefault(person, []).extend(rows)
    for rows in used.values():
        assert len(rows) == len(set(rows)), "evaluation windows of one person share a film"
    by_split = {
        s: {d.id.split(":")[1] for d in imported.dialogues if d.split == s}
        for s in ("train", "validation", "test")
    }
    assert not by_split["train"] & (by_split["validation"] | by_split["test"])


def test_requests_prefer_films_of_a_kind(catalog, interactions):
    imported = template_conversations(interactions, catalog, Splitter(3), seed=3)
    same = [
        len(set(catalog.genres(d.seen[0])) & set(catalog.genres(row))) > 0
        for d in imported.dialogues
        for row in d.seen[1:]
    ]
    assert np.mean(same) > 0.4, "by chance it would be a fifth"


def test_samples_are_safe_disclosed_and_unleaked(benchmark, oracle, interactions):
    assert {sample.split for sample in benchmark.samples} == {"train", "validation", "test"}
    phrases = {
        split: {d.text for s in benchmark.split(split) for d in s.disclosure} for split in ("train", "test")
    }
    assert phrases["train"]
    assert phrases["test"]
    assert not phrases["train"] & phrases["test"]
    for sample in benchmark.samples:
        unsafe = oracle.unsafe(dict.fromkeys(sample.constraints, 0.66))
        assert not any(unsafe[row_of(ref)] for ref in sample.groundtruth)
        assert all(unsafe[row_of(ref)] for ref in sample.removed)
        assert not any(unsafe[row_of(ref)] for ref in sample.seen), "the request contradicts the sensitivity"
        assert [ref for ref in sample.all_liked if ref not in sample.removed] == list(sample.groundtruth)
        assert bool(sample.constraints) == bool(sample.removed)
        assert all(said.text in sample.prompt[-1].content for said in sample.disclosure)
        assert len(sample.groundtruth) >= 2
    evaluated = {person_of(sample) for sample in benchmark.samples if sample.split != "train"}
    training = interactions.of_split(Splitter(3), "train")
    assert not evaluated & set(training.people)
    assert {frozenset(map(row_of, taste)) for taste in benchmark.histories} == {
        frozenset(rows.tolist()) for rows in training.liked().values()
    }


def test_the_card_tells_the_truth(benchmark):
    card = benchmark.card
    train = benchmark.split("train")
    facts = card.splits["train"]
    constrained = [sample for sample in train if sample.constraints]
    assert facts.samples == len(train)
    assert facts.constrained == len(constrained)
    assert facts.removed_share == pytest.approx(
        sum(len(s.removed) for s in constrained) / sum(len(s.all_liked) for s in constrained), abs=1e-6
    )
    unknown = sum(row_of(ref) % 7 == 6 for s in constrained for ref in s.groundtruth)
    assert facts.unknown_share == pytest.approx(
        unknown / sum(len(s.groundtruth) for s in constrained), abs=1e-6
    )
    assert sum(facts.trait_counts.values()) == len(train)
    assert DataCard.model_validate(json.loads(card.model_dump_json())) == card
    page = card.markdown()
    assert "Horror avoider" in page
    assert card.fingerprint in page


def test_equal_seeds_give_equal_benchmarks(benchmark, oracle, interactions):
    again = build_starter(oracle, interactions, BuildOptions(seed=3))
    assert again == benchmark
    other = build_starter(oracle, interactions, BuildOptions(seed=4))
    assert other.card.fingerprint != benchmark.card.fingerprint


def test_no_traits_at_all_when_asked(oracle, interactions):
    plain = build_starter(oracle, interactions, BuildOptions(plan=AssignmentPlan(without=1.0)))
    assert not any(sample.constraints or sample.removed for sample in plain.samples)
    assert all(sample.groundtruth == sample.all_liked for sample in plain.samples)


def test_nothing_left_is_an_error(oracle, interactions):
    none = replace(interactions, ratings=np.zeros_like(interactions.ratings))
    with pytest.raises(
        SafecrsError, match=r"no sample is left; most was dropped for: .*person who liked too few"
    ):
        build_starter(oracle, none)


def test_saved_and_loaded_benchmarks_are_equal(benchmark, tmp_path):
    folder = tmp_path / "starter"
    save_benchmark(benchmark, folder)
    loaded = load_benchmark(folder)
    assert loaded.card == benchmark.card
    assert loaded.histories == benchmark.histories
    for split in ("train", "validation", "test"):
        assert loaded.split(split) == benchmark.split(split)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["starter"], "a temporary folder was left"
    with pytest.raises(SafecrsError, match="already holds a benchmark"):
        save_benchmark(benchmark, folder)
    save_benchmark(benchmark, folder, overwrite=True)
    assert load_benchmark(folder).card == benchmark.card


def test_the_papers_fields(benchmark, tmp_path):
    import datasets

    save_benchmark(benchmark, tmp_path / "b")
    test = datasets.load_from_disk(str(tmp_path / "b/samples"))["test"]
    sample = benchmark.split("test")[0]
    row = test[0]
    assert row["prompt"] == [{"role": m.role, "content": m.content} for m in sample.prompt]
    assert row["completion"][0]["role"] == "assistant"
    assert row["seen_titles"] == [title for title, _ in sample.seen]
    assert row["groundtruth_with_release_year"] == [[title, str(year)] for title, year in sample.groundtruth]
    names = {benchmark.card.trait_names[trait] for trait in sample.constraints}
    assert {name for name, holds in row["constraints"].items() if holds} == names


def test_export(benchmark, tmp_path):
    target = tmp_path / "test.jsonl"
    assert export_jsonl(benchmark, target, "test") == len(benchmark.split("test"))
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    for line, sample in zip(lines, benchmark.split("test"), strict=True):
        assert line["groundtruth_with_release_year"] == [list(ref) for ref in sample.groundtruth]
        assert line["constraints"] == {
            benchmark.card.trait_names[trait]: True for trait in sample.constraints
        }


def test_foreign_folders_are_never_overwritten(benchmark, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(SafecrsError, match="not a benchmark"):
        save_benchmark(benchmark, tmp_path, overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_failed_save_leaves_nothing(benchmark, tmp_path, monkeypatch):
    import safecrs.benchmark.store as store

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_json", full)
    with pytest.raises(SafecrsError, match="No space left"):
        save_benchmark(benchmark, tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_benchmark_is_named(tmp_path):
    with pytest.raises(SafecrsError, match="does not exist or holds no benchmark; give"):
        load_benchmark(tmp_path / "b")


def test_redial_with_template_training(oracle, interactions, tmp_path):
    items = {str(row): {"name": oracle.catalog.label(row)} for row in range(120)}
    Path(tmp_path / "items.json").write_text(json.dumps(items))
    yes = {"suggested": 1, "seen": 0, "liked": 1}
    records = []
    for number in range(80):
        liked = [(number * 3 + step * 7 + 1) % 120 for step in range(4)]
        records.append(
            {
                "conversationId": str(number),
                "initiatorWorkerId": 1,
                "movieMentions": {},
                "initiatorQuestions": {str(row): yes for row in liked},
                "respondentQuestions": [],
                "messages": [
                    {"senderWorkerId": 1, "text": "Hi. What should I see?"},
                    {"senderWorkerId": 2, "text": "Try " + ", ".join(f"@{row}" for row in liked)},
                ],
            }
        )
    Path(tmp_path / "redial.jsonl").write_text("\n".join(map(json.dumps, records)))
    plain = build_redial(tmp_path / "redial.jsonl", tmp_path / "items.json", oracle)
    assert {sample.source for sample in plain.samples} == {"redial"}
    mixed = build_redial(
        tmp_path / "redial.jsonl", tmp_path / "items.json", oracle, interactions=interactions
    )
    assert [s for s in mixed.samples if s.source == "redial"] == list(plain.samples)
    added = [sample for sample in mixed.samples if sample.source != "redial"]
    assert added
    assert {sample.split for sample in added} == {"train"}
    assert len(mixed.histories) == len(plain.histories) + len(
        interactions.of_split(Splitter(0), "train").liked()
    )
