"""Every dialogue is accounted for at every step, in the card and row by row."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safecrs.benchmark import (
    AssignmentPlan,
    BuildOptions,
    Dialogue,
    Imported,
    build_starter,
    load_benchmark,
    save_benchmark,
)
from safecrs.benchmark.build import build
from safecrs.benchmark.sample import SPLITS
from safecrs.benchmark.steps import FILES, StepLog, read_steps
from safecrs.benchmark.store import STEPS, samples_fingerprint
from safecrs.conversation import Message
from safecrs.errors import SafecrsError
from safecrs.storage import fingerprint


def rows_of(folder):
    return {
        step: [json.loads(line) for line in (folder / file).read_text(encoding="utf-8").splitlines()]
        for step, file in FILES.items()
    }


def add_up(card):
    """Nothing is lost between two steps."""
    given = sum(source.used for source in card.sources)
    for step in card.steps:
        assert step.given == given == step.passed + sum(step.dropped.values())
        assert sum(step.noted.values()) in (0, step.passed)
        given = step.passed
    assert given == sum(facts.samples for facts in card.splits.values())


dialogues = st.lists(
    st.tuples(
        st.sampled_from(SPLITS),
        st.lists(st.integers(0, 119), unique=True, min_size=1, max_size=8),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=20,
)


@settings(deadline=None, max_examples=40)
@given(dialogues, st.floats(0, 1), st.integers(0, 3))
def test_funnels_add_up(oracle, cases, without, least):
    said = (Message(role="user", content="Any tips?"),)
    made = tuple(
        Dialogue(f"d{n}", split, "test", said, tuple(rows[1 : seen + 1]), (rows[0], *rows[seen + 1 :]))
        for n, (split, rows, seen) in enumerate(cases)
    )
    options = BuildOptions(plan=AssignmentPlan(without=without, min_kept=least))
    plenty = Dialogue("plenty", "test", "test", said, (), (1, 2, 7, 8, 11, 12))
    built = build("b", [Imported("test", "ours", (*made, plenty), len(made) + 1)], oracle, options)
    add_up(built.card)
    assert built.card.assigner == "the oracle"


def test_kept_steps_tell_each_dialogues_way(oracle, interactions, tmp_path):
    work = tmp_path / "work"
    options = BuildOptions(seed=3, steps=work)
    built = build_starter(oracle, interactions, options)
    assert built == build_starter(oracle, interactions, BuildOptions(seed=3)), "keeping them changes nothing"
    add_up(built.card)
    rows = rows_of(work)
    for step in built.card.steps:
        assert len(rows[step.name]) == step.given
        for reason, count in step.dropped.items():
            assert sum(row.get("dropped") == reason for row in rows[step.name]) == count
        for how, count in step.noted.items():
            assert sum(row.get("how") == how for row in rows[step.name]) == count
    left = [row["id"] for row in rows["import"] if "dropped" not in row]
    rejected = [row for row in rows["import"] if "dropped" in row]
    assert {row["dropped"] for row in rejected} <= set(built.card.sources[0].dropped)
    assert all(row["source"] == "movielens" for row in rejected)
    for step in ("assign", "filter", "disclose", "reason"):
        assert [row["id"] for row in rows[step]] == left
        left = [row["id"] for row in rows[step] if "dropped" not in row]
    assert left == [sample.id for sample in built.samples]

    save_benchmark(built, tmp_path / "b", steps=work)
    assert not work.exists()
    assert load_benchmark(tmp_path / "b").card == built.card
    sample = next(sample for sample in built.samples if sample.removed)
    way = dict(read_steps(tmp_path / "b", sample.id))
    assert list(way) == list(FILES)
    assert way["import"]["messages"][-1]["role"] == "user"
    assert way["assign"]["traits"] == list(sample.constraints)
    assert [tuple(ref) for ref in way["filter"]["removed"]] == list(sample.removed)
    assert way["disclose"]["message"] == sample.prompt[-1].content
    assert way["disclose"]["disclosure"][0]["text"] == sample.disclosure[0].text
    assert way["reason"]["reasoning"] == sample.reasoning


def test_a_dropped_dialogue_says_why_and_goes_no_further(oracle, tmp_path):
    said = (Message(role="user", content="Any tips?"),)
    made = (
        Dialogue("one", "train", "test", said, (), (1,)),
        Dialogue("two", "train", "test", said, (), (1, 2)),
    )
    rejected = (("three", "dialogue without a film"),)
    imported = Imported("test", "ours", made, 3, {"dialogue without a film": 1}, rejected=rejected)
    built = build("b", [imported], oracle, BuildOptions(steps=tmp_path / "s"))
    save_benchmark(built, tmp_path / "b", steps=tmp_path / "s")
    add_up(built.card)
    assert built.card.steps[-3].dropped == {"train sample with too little ground truth left": 1}
    way = dict(read_steps(tmp_path / "b", "one"))
    assert list(way) == ["import", "assign", "filter"]
    assert way["filter"]["dropped"] == "train sample with too little ground truth left"
    assert way["filter"]["kept"] == [["Film 1", 1961]]
    assert dict(read_steps(tmp_path / "b", "three")) == {
        "import": {"id": "three", "dropped": "dialogue without a film", "source": "test"}
    }
    with pytest.raises(SafecrsError, match="no dialogue 'four'"):
        list(read_steps(tmp_path / "b", "four"))
    (tmp_path / "b" / STEPS / FILES["assign"]).write_text('{"id": "one"}\n[]\n')
    with pytest.raises(SafecrsError, match=r"02-traits.jsonl row 2"):
        list(read_steps(tmp_path / "b", "one"))
    (tmp_path / "b" / STEPS / FILES["assign"]).unlink()
    with pytest.raises(SafecrsError, match=r"02-traits.jsonl does not exist"):
        list(read_steps(tmp_path / "b", "one"))


def test_steps_that_were_not_kept_or_cannot_be_written(oracle, interactions, tmp_path):
    save_benchmark(build_starter(oracle, interactions), tmp_path / "b")
    with pytest.raises(SafecrsError, match="--keep-steps"):
        list(read_steps(tmp_path / "b", "one"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SafecrsError, match="Cannot write"), StepLog(tmp_path / "file" / "steps"):
        pass


ids = st.lists(st.text(min_size=1, max_size=4) | st.sampled_from(['a"', "a", "a,", "ab", "é"]), max_size=12)


@given(ids, st.randoms())
def test_a_fingerprint_does_not_depend_on_the_order(oracle, interactions, names, random):
    sample = build_samples(oracle)[0]
    samples = [
        sample.model_copy(update={"id": name, "reasoning": str(n % 3)}) for n, name in enumerate(names)
    ]
    expected = fingerprint(*sorted(sample.model_dump_json() for sample in samples))
    assert samples_fingerprint(samples) == expected
    random.shuffle(samples)
    assert samples_fingerprint(samples) == expected
    assert samples_fingerprint([*samples, sample]) != expected


def build_samples(oracle):
    said = (Message(role="user", content="Any tips?"),)
    made = (Dialogue("one", "train", "test", said, (), (1, 2)),)
    return build("b", [Imported("test", "ours", made, 1)], oracle).samples
